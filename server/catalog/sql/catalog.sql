-- name: touch_event
-- Every change below an event counts its version up; pages and caches are keyed by it.
update events set version = version + 1 where id = $1 returning version

-- name: insert_event
insert into events (org_id, slug, title, summary, description, genre, cover, currency)
values (current_org(), $1, $2, $3, $4, $5, $6, $7)
on conflict on constraint events_slug_once do nothing returning id

-- name: update_event
update events set
  slug = coalesce($2, slug), title = coalesce($3, title), summary = coalesce($4, summary), description = coalesce($5, description),
  genre = coalesce($6, genre), cover = coalesce($7, cover), currency = coalesce($8, currency)
where id = $1 returning id

-- Two rules keep two deeds from waiting for each other. Who writes an event and something below it (its shows, its rooms) locks the
-- event first: below it nothing is added or cancelled meanwhile. And locks let rows go on that refer to the locked one: a deed that
-- inserted such a row, and then wants the event for itself, would wait for who waits for it.

-- name: lock_event
select id, status, currency, slug from events where id = $1 for no key update

-- name: lock_event_of_show
-- The event a show belongs to, before the show itself.
select id, status from events where id = (select event_id from shows where id = $1) for no key update

-- name: event_has_prices
select exists (select from prices p join shows s on s.id = p.show_id where s.event_id = $1)

-- name: set_event_status
update events set status = $2,
  published_at = case when $2 = 'published' then coalesce(published_at, now()) else published_at end
where id = $1

-- name: own_events
-- The organisation's events, newest first, after a cursor.
select e.id as event_id, e.slug, e.title, e.status, e.currency,
       (select count(*) from shows s where s.event_id = e.id) as shows,
       (select min(s.starts_at) from shows s where s.event_id = e.id and s.starts_at >= now()) as next_start
  from events e where ($1::integer is null or e.id < $1) and ($2::text is null or e.status = $2)
 order by e.id desc limit $3

-- name: insert_venue
insert into venues (org_id, name, street, city, postcode, country, latitude, longitude, time_zone)
values (current_org(), $1, $2, $3, $4, $5, $6, $7, $8) returning id

-- name: update_venue
update venues set name = $2, street = $3, city = $4, postcode = $5, country = $6, latitude = $7, longitude = $8, time_zone = $9
where id = $1 returning id

-- name: venues
select id as venue_id, name, street, city, postcode, country, latitude, longitude, time_zone from venues
 where id > $1 order by id limit $2

-- name: venue_exists
select exists (select from venues where id = $1)

-- name: events_at_venue
-- In the order their versions are counted up: two venues may have the same two events.
select distinct event_id from shows where venue_id = $1 order by event_id

-- name: next_chart
select nextval('chart_numbers')::integer

-- name: insert_chart
insert into charts (id, rev, org_id, venue_id, name, seats, authoring, wire, findings)
values ($1, $2, current_org(), $3, $4, $5, $6, $7, $8)

-- name: insert_show
insert into shows (org_id, event_id, venue_id, chart_id, chart_rev, label, starts_at, doors_at, ends_at, sale_opens_at, sale_closes_at,
                   hold_s, extension_s, per_order_max, per_visitor_max)
values (current_org(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id

-- name: cover_by_rooms
-- What stands before the whole event stands before its new show ($2). The event is locked, so that no room is widened or closed meanwhile.
with covering as (update rooms set version = version + 1 where event_id = $1 and whole_event and closed_at is null returning id)
insert into room_shows (org_id, room_id, show_id) select current_org(), id, $2 from covering

-- name: lock_show
select id, event_id, state, price_version, starts_at, doors_at, ends_at, sale_opens_at, sale_closes_at, chart_id, chart_rev,
       venue_id, label, hold_s, extension_s, per_order_max, per_visitor_max
  from shows where id = $1 for no key update

-- name: update_show
update shows set label = $2, starts_at = $3, doors_at = $4, ends_at = $5, sale_opens_at = $6, sale_closes_at = $7,
                 hold_s = $8, extension_s = $9, per_order_max = $10, per_visitor_max = $11
where id = $1

-- name: reserve_epoch
update shows set epoch = greatest(epoch + 1, extract(epoch from clock_timestamp())::bigint) where id = $1 returning epoch

-- name: keep_epoch
update shows set epoch = greatest(epoch, $2) where id = $1

-- name: set_show_state
update shows set state = $2 where id = $1

-- name: cancel_shows
-- Every show of a locked event, those included that were added a moment ago.
update shows set state = 'cancelled' where event_id = $1

-- name: insert_category
insert into show_categories (org_id, show_id, category, name, color, capacity) values (current_org(), $1, $2, $3, $4, $5)

-- name: insert_type
insert into ticket_types (org_id, event_id, name, description, position)
values (current_org(), $1, $2, $3, coalesce($4, (select coalesce(max(position) + 1, 0) from ticket_types where event_id = $1)))
returning id

-- name: update_type
update ticket_types set name = coalesce($2, name), description = coalesce($3, description), position = coalesce($4, position),
  archived_at = case when $5::boolean is null then archived_at when $5 then coalesce(archived_at, now()) end
where id = $1 returning event_id

-- name: type_names
select id, name from ticket_types where event_id = $1 and archived_at is null order by position, id

-- name: categories_of_show
select category from show_categories where show_id = $1

-- name: insert_price
insert into prices (org_id, show_id, version, category, ticket_type_id, amount) values (current_org(), $1, $2, $3, $4, $5)

-- name: prices_of_version
select category, ticket_type_id, amount from prices where show_id = $1 and version = $2

-- name: set_price_version
update shows set price_version = $2 where id = $1

-- name: delete_fees
delete from fee_rules where event_id = $1

-- name: insert_fee
insert into fee_rules (org_id, event_id, name, percent_bp, fixed, payer, position) values (current_org(), $1, $2, $3, $4, $5, $6)

-- name: quotas_of_show
select id, name from quotas where show_id = $1

-- name: insert_quota
insert into quotas (org_id, show_id, name, capacity) values (current_org(), $1, $2, $3) returning id

-- name: update_quota
update quotas set capacity = $2 where id = $1

-- name: delete_quota
delete from quotas where id = $1

-- name: delete_quota_members
delete from quota_members where quota_id = $1

-- name: insert_quota_member
insert into quota_members (org_id, quota_id, category, ticket_type_id) values (current_org(), $1, $2, $3)

-- name: block_seats
insert into blocked_seats (org_id, show_id, k, reason, blocked_by)
select current_org(), $1, k, $3, $4 from unnest($2::integer[]) as k
on conflict (show_id, k) do update set reason = excluded.reason

-- name: unblock_seats
delete from blocked_seats where show_id = $1 and k = any ($2::integer[])

-- name: blocked_seats
select k, reason from blocked_seats where show_id = $1 order by k

-- name: published_events
select * from published_events($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: published_cities
select city from published_cities()
