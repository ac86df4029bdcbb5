-- name: venues_by_name
select name, id from venues

-- name: events_by_slug
select slug as name, id from events

-- name: chart_of_venue
select id from charts where venue_id = $1 order by id limit 1

-- name: insert_gate
insert into gates (org_id, venue_id, name, position) values (current_org(), $1, $2, $3)
