-- name: room_orders
-- Orders paid for these shows since $2 (Unix ms).
select count(*) from orders where show_id = any ($1::integer[]) and paid_at >= to_timestamp($2::bigint / 1000.0)

-- name: room_trail
-- The newest deeds about a room.
select a.at, a.deed, a.details::text as details, coalesce((select m.name from members() m where m.user_id = a.user_id), t.name, '') as who
  from audit_log a left join api_tokens t on t.id = a.token_id
 where a.subject = $1
 order by a.id desc limit $2

-- name: last_rehearsal
-- When the room was last rehearsed.
select max(at) from audit_log where subject = $1 and deed = 'room.rehearsed'

-- name: stewards
-- How many people may steer a room.
select count(*) from members() where role = any ($1::text[])

-- name: coverable_events
-- Events with shows to come, and the first room of each show that has one.
select e.id as event_id, e.title, min(s.starts_at) as first_at, count(*) as shows, min(v.time_zone) as time_zone
  from events e join shows s on s.event_id = e.id join venues v on v.id = s.venue_id
 where e.status <> 'cancelled' and s.state <> 'cancelled' and s.starts_at > now()
 group by e.id, e.title order by min(s.starts_at), e.id

-- name: covered_shows
-- The shows of an event that an open room stands before, and its name.
select c.show_id, r.id as room_id, r.name from room_shows c join rooms r on r.id = c.room_id
 where r.event_id = $1 and not c.ended
