-- name: room_facts
-- Everything a process remembers of a room, as JSON (server/rooms/facts.py:RoomFacts).
select jsonb_build_object(
    'room_id', r.id, 'org_id', r.org_id, 'event_id', r.event_id, 'slug', r.slug, 'name', r.name,
    'event_slug', e.slug, 'event_title', e.title,
    'host', jsonb_build_object('slug', o.slug, 'name', o.name, 'accent', o.accent, 'locale', o.locale),
    'whole_event', r.whole_event, 'shows', coalesce((select jsonb_agg(s.show_id order by s.show_id) from room_shows s where s.room_id = r.id), '[]'),
    'opens_lobby_ms', round(extract(epoch from r.opens_lobby_at) * 1000)::bigint,
    'draws_ms', round(extract(epoch from r.draws_at) * 1000)::bigint,
    'closes_ms', round(extract(epoch from r.closes_at) * 1000)::bigint,
    'cap', r.cap, 'rate_per_min', r.rate_per_min, 'claim_window_ms', r.claim_window_s * 1000, 'visit_ms', r.visit_s * 1000,
    'reentries', r.reentries, 'capacity_max', r.capacity_max, 'fail_open', r.fail_open, 'auto_passthrough', r.auto_passthrough,
    'identities', to_jsonb(r.identities), 'place', r.place, 'paused', r.paused, 'passthrough', r.passthrough,
    'draining', r.draining, 'closed', r.closed_at is not null, 'epoch', r.epoch, 'version', r.version,
    'commitment', encode(d.commitment, 'hex'),
    'tiers', coalesce((select jsonb_agg(jsonb_build_object('tier', t.tier, 'name', t.name, 'public_key', encode(t.public_key, 'hex'))
                              order by t.tier) from room_tiers t where t.room_id = r.id), '[]'),
    'message', (select jsonb_build_object('id', m.id, 'text', m.text) from room_messages m
                 where m.room_id = r.id and m.text <> ''
                   and m.id = (select max(x.id) from room_messages x where x.room_id = r.id)),
    'rehearsal_of', r.rehearsal_of)::text
  from rooms r
  join events e on e.id = r.event_id
  join organisations o on o.id = r.org_id
  join room_draws d on d.room_id = r.id
 where r.id = $1

-- name: rooms_of_organisation
select id from rooms order by draws_at desc, id desc

-- name: lock_room
select event_id, paused, passthrough, draining, closed_at is not null as closed, opens_lobby_at, draws_at, rehearsal_of
  from rooms where id = $1 for no key update

-- name: insert_room
insert into rooms (org_id, event_id, slug, name, opens_lobby_at, draws_at, closes_at, cap, rate_per_min, claim_window_s, visit_s,
                   reentries, capacity_max, fail_open, auto_passthrough, identities, place, whole_event, rehearsal_of)
values (current_org(), $1, $2, $3, to_timestamp($4::bigint / 1000.0), to_timestamp($5::bigint / 1000.0), to_timestamp($6::bigint / 1000.0),
        $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
returning id

-- name: change_room
update rooms set name = $2, opens_lobby_at = to_timestamp($3::bigint / 1000.0), draws_at = to_timestamp($4::bigint / 1000.0),
       closes_at = to_timestamp($5::bigint / 1000.0), cap = $6, rate_per_min = $7, claim_window_s = $8, visit_s = $9, reentries = $10,
       capacity_max = $11, fail_open = $12, auto_passthrough = $13, identities = $14, place = $15, whole_event = $16,
       version = version + 1
 where id = $1

-- name: touch_room
update rooms set version = version + 1 where id = $1

-- name: set_paused
update rooms set paused = $2, version = version + 1 where id = $1

-- name: set_passthrough
update rooms set passthrough = $2, version = version + 1 where id = $1

-- name: set_draining
update rooms set draining = $2, version = version + 1 where id = $1

-- name: set_pace
update rooms set rate_per_min = coalesce($2, rate_per_min), cap = coalesce($3, cap), version = version + 1 where id = $1

-- name: close_room
update rooms set closed_at = now(), version = version + 1 where id = $1

-- name: delete_rehearsal
delete from rooms where id = $1 and rehearsal_of is not null returning event_id, epoch

-- name: hold_event
-- No show is added to the event until the transaction ends (server/catalog/sql/catalog.sql:lock_event). Before the room, if there is one.
select id from events where id = $1 for no key update

-- name: event_shows
select id from shows where event_id = $1 order by id

-- name: covered_by
-- The shows of a locked room.
select show_id from room_shows where room_id = $1

-- name: cover_show
insert into room_shows (org_id, room_id, show_id) values (current_org(), $1, $2)

-- name: uncover_shows
delete from room_shows where room_id = $1 and show_id = any ($2::integer[])

-- name: end_shows
update room_shows set ended = true where room_id = $1

-- name: shows_taken
-- Which of these shows another open room covers.
select s.show_id, r.slug from room_shows s join rooms r on r.id = s.room_id
 where s.show_id = any ($1::integer[]) and not s.ended and s.room_id <> $2 order by 1 limit 1

-- name: say
insert into room_messages (org_id, room_id, text, said_by) values (current_org(), $1, $2, $3)

-- name: commit_draw
insert into room_draws (org_id, room_id, version, commitment, secret) values (current_org(), $1, $2, $3, $4)

-- name: draw_secret
select secret from room_draws where room_id = $1

-- name: record_draw
-- Once: a draw that is recorded is never changed.
update room_draws set root = $2, people = $3, beacon = $4, seed = $5, list = $6, block_roots = $7, drawn_at = now()
 where room_id = $1 and drawn_at is null

-- name: draw_of_room
-- The secret only once the draw was made.
select version, commitment, committed_at, case when drawn_at is not null then secret end as secret, root, people, beacon, seed,
       drawn_at, block_roots
  from room_draws where room_id = $1

-- name: draw_list
select list from room_draws where room_id = $1 and drawn_at is not null

-- name: draw_list_block
select substring(list from $2 for $3) from room_draws where room_id = $1 and drawn_at is not null

-- name: clear_tiers
delete from room_tiers where room_id = $1 and tier <> all ($2::smallint[])

-- name: put_tier
insert into room_tiers (org_id, room_id, tier, name, public_key, signing_seed) values (current_org(), $1, $2, $3, $4, $5)
on conflict (room_id, tier) do update set name = excluded.name

-- name: take_serials
-- Numbers for $3 more codes of a tier, and what signs them.
update room_tiers set codes_issued = codes_issued + $3 where room_id = $1 and tier = $2
returning signing_seed, codes_issued - $3 as first_serial

-- name: ask_notice
insert into room_notices (org_id, room_id, place_index, email, locale) values (current_org(), $1, $2, $3, $4)
on conflict (room_id, place_index) do update set email = excluded.email, locale = excluded.locale, sent_at = null

-- name: open_notices
select place_index, email, locale from room_notices where room_id = $1 and sent_at is null order by place_index limit $2 offset $3

-- The usher writes several rows of a room while its organiser closes it: both lock them in the order of their numbers.

-- name: notices_sent
-- The address has served.
delete from room_notices where room_id = $1 and place_index in (
  select place_index from room_notices where room_id = $1 and place_index = any ($2::bigint[]) order by place_index for update)

-- name: forget_notices
delete from room_notices where room_id = $1 and place_index in (
  select place_index from room_notices where room_id = $1 order by place_index for update)

-- name: put_copy
insert into room_copies (org_id, room_id, next_index, drawn, record) values (current_org(), $1, $2, $3, $4)
on conflict (room_id) do update
   set copied_at = now(), next_index = excluded.next_index, drawn = excluded.drawn, record = excluded.record

-- name: copy_of
select next_index, drawn, record from room_copies where room_id = $1

-- name: put_copy_block
insert into room_copy_blocks (org_id, room_id, block, entries) values (current_org(), $1, $2, $3)
on conflict (room_id, block) do update set entries = excluded.entries

-- name: clear_copy_blocks
-- Those beyond what there is now: after a loss fewer places are known than before.
delete from room_copy_blocks where room_id = $1 and block in (
  select block from room_copy_blocks where room_id = $1 and block >= $2 order by block for update)

-- name: copy_blocks
select entries from room_copy_blocks where room_id = $1 order by block

-- name: forget_copy
with places as (delete from room_copy_blocks where room_id = $1 and block in (
  select block from room_copy_blocks where room_id = $1 order by block for update))
delete from room_copies where room_id = $1

-- name: recorded_draw
select list, seed from room_draws where room_id = $1 and drawn_at is not null

-- name: bought_in_room
-- The last order of a visitor for these shows that was paid since a moment (Unix seconds) and not given back.
select ref from orders
 where visitor = $1 and show_id = any ($2::integer[]) and paid_at >= to_timestamp($3::bigint) and state in ('paid', 'partly_refunded')
 order by id desc limit 1
