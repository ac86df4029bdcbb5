-- name: keep_room
-- A rehearsal is not deleted until the transaction ends: its deletion locks the room before its actions, and so does this.
select from rooms where id = $1 for key share;

-- name: note_action
-- Keep an adverse action, or count it again.
insert into door_actions
  (org_id, room_id, subject, action, reason, reasons, model, log_odds, place_index, tier_was, tier_became, times, first_at, last_at)
values (current_org(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (room_id, subject, action, reason) do update
  set times = door_actions.times + excluded.times,
      first_at = least(door_actions.first_at, excluded.first_at),
      last_at = greatest(door_actions.last_at, excluded.last_at),
      reasons = excluded.reasons, model = excluded.model, log_odds = excluded.log_odds;

-- name: actions_of
-- Everything done to one place, oldest first.
select id, action, reason, first_at, lifted_at from door_actions where room_id = $1 and subject = $2 order by id;

-- name: open_contest
-- Open a contest, or return the open one of the place with its newest text.
insert into door_contests (org_id, room_id, subject, place_index, identity, text)
values (current_org(), $1, $2, $3, $4, $5)
on conflict (room_id, subject) where verdict is null do update set text = excluded.text
returning id;

-- name: open_contests
-- Contests that wait, oldest first, with everything done to their place.
select c.id, c.room_id, c.text, c.opened_at,
       (select coalesce(jsonb_agg(jsonb_build_object(
           'action', a.action, 'reason', a.reason, 'reasons', a.reasons, 'model', a.model, 'log_odds', round(a.log_odds::numeric, 3),
           'times', a.times, 'tier_was', a.tier_was, 'tier_became', a.tier_became,
           'first_ms', floor(extract(epoch from a.first_at) * 1000), 'last_ms', floor(extract(epoch from a.last_at) * 1000)
         ) order by a.id), '[]')
        from door_actions a where a.room_id = c.room_id and a.subject = c.subject and a.lifted_at is null) as actions
from door_contests c
where c.verdict is null and ($1::integer is null or c.room_id = $1)
order by c.opened_at
limit $2;

-- name: lock_contest
-- Read one contest for a verdict.
select id, room_id, subject, place_index, identity, verdict from door_contests where id = $1 for update;

-- name: decide_contest
-- Write the verdict down.
update door_contests set verdict = $2, note = $3, decided_at = now(), decided_by = $4 where id = $1;

-- name: lift_actions
-- Take back everything done to a place, in the order in which processes write it down (server/rooms/door/journal.py).
update door_actions set lifted_at = now() where id in (
  select id from door_actions where room_id = $1 and subject = $2 and lifted_at is null
   order by action collate "C", reason collate "C" for update);

-- name: abuse
-- What the door did in a room, for the people who steer it.
select
  coalesce(sum(times) filter (where action = 'price_raised'), 0)::bigint as price_raised,
  coalesce(sum(times) filter (where action = 'second_step'), 0)::bigint as second_steps,
  coalesce(sum(times) filter (where action = 'tier_lowered'), 0)::bigint as lower_tier,
  coalesce(sum(times) filter (where action = 'held'), 0)::bigint as held,
  coalesce(sum(times) filter (where action = 'rate_limited'), 0)::bigint as rate_limited,
  coalesce(sum(times) filter (where reason = 'trap_filled'), 0)::bigint as trapped
from door_actions where room_id = $1;

-- name: reviews
-- How contests of a room fared.
select
  count(*) filter (where verdict is null) as contests_open,
  count(*) filter (where verdict = 'upheld') as upheld,
  count(*) filter (where verdict = 'overturned') as overturned,
  percentile_cont(0.5) within group (order by extract(epoch from decided_at - opened_at)) as median_review_s
from door_contests where room_id = $1;

-- name: marks_of
-- What is known against each place of an epoch ($2: `place:<epoch>:`), and how its last contest stands.
with acted as (
  select place_index,
         (array_agg(tier_was order by id desc) filter (where action = 'tier_lowered'))[1] as tier_was,
         (array_agg(tier_became order by id desc) filter (where action = 'tier_lowered'))[1] as tier_became,
         floor(extract(epoch from min(first_at) filter (where action = 'held' and lifted_at is null)) * 1000)::bigint as held_ms
    from door_actions
   where room_id = $1 and place_index is not null and starts_with(subject, $2)
   group by place_index
), contested as (
  select distinct on (place_index) place_index, verdict, floor(extract(epoch from opened_at) * 1000)::bigint as opened_ms
    from door_contests
   where room_id = $1 and starts_with(subject, $2)
   order by place_index, id desc
)
select a.place_index, a.tier_was, a.tier_became, a.held_ms, c.verdict, c.opened_ms
  from acted a left join contested c using (place_index)
