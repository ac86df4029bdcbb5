-- name: read_door
-- What a process keeps in mind about a show's door: its event, and the gates of its venue.
select s.id, s.event_id, s.venue_id,
       coalesce((select jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name, 'classes', g.classes) order by g.position, g.id)
                 from gates g where g.venue_id = s.venue_id), '[]') as gates
from shows s
where s.id = $1;

-- name: lock_ticket
-- Lock the presented ticket and read what a decision needs; see the function in migration 0005.
select * from lock_ticket($1, $2, $3, $4);

-- name: record_scan
-- Write the scan and, when it changed something, what the door remembers. No row when the device has used this number meanwhile.
with scan as (
  insert into scans (org_id, device_id, seq, show_id, gate_id, direction, method, ticket_id, generation, code_digest,
                     decision, reason, first_scan_id, undoes_scan_id, staff_id, device_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  on conflict (device_id, seq) do nothing
  returning id, scanned_at
), remembered as (
  insert into presence (show_id, ticket_id, org_id, inside, entries, first_scan_id, last_scan_id)
  select $4, $8, $1, $17, $18, case when $18::int > 0 then coalesce($13, scan.id) end, scan.id
  from scan
  where $17::boolean is not null
  on conflict (show_id, ticket_id) do update
    set inside = excluded.inside, entries = excluded.entries,
        first_scan_id = excluded.first_scan_id, last_scan_id = excluded.last_scan_id
  returning 1
)
select id, scanned_at from scan;

-- name: read_scan
-- A scan that somebody wants to take back.
select s.id, s.ticket_id, s.show_id, s.gate_id, s.direction, s.decision, s.code_digest,
       exists (select from scans u where u.undoes_scan_id = s.id) as undone
from scans s
where s.id = $1;

-- name: read_counters
-- The door in numbers: tickets that may enter, those that did, those inside.
select (select count(*) from tickets t where t.show_id = $1 and t.state <> 'void') as tickets,
       (select count(*) from presence p where p.show_id = $1 and p.entries > 0) as admitted,
       (select count(*) from presence p where p.show_id = $1 and p.inside) as inside;

-- name: read_gate_counters
-- Each gate of the show's venue: admissions that stand, refusals, admissions of the last minute and the last of all scans.
select g.id, g.name,
       count(*) filter (where s.direction = 'entry' and s.decision = 'admit' and u.id is null) as admitted,
       count(*) filter (where s.decision = 'deny') as refused,
       count(*) filter (where s.direction = 'entry' and s.decision = 'admit' and u.id is null
                          and s.scanned_at > now() - interval '1 minute') as last_minute,
       max(s.scanned_at) as last_at
from shows w
join gates g on g.venue_id = w.venue_id
left join scans s on s.gate_id = g.id and s.show_id = w.id
left join scans u on u.undoes_scan_id = s.id
where w.id = $1
group by g.id
order by g.position, g.id;

-- name: find_tickets
-- Tickets of a show by the beginning of a name, by the order's reference or the buyer's name, or by the words of a seat. $2 is lower
-- case and escaped for LIKE, $3 the same in capitals for references, $4 the words one by
-- one, $6 the text read as a ticket number, if it is one.
select t.ticket_id, t.state, t.category_name, t.type_name, t.section, t.row_label, t.seat_label, t.holder_name,
       o.ref, o.buyer_name, coalesce(p.inside, false) as inside, coalesce(p.entries, 0) as entries, f.scanned_at as first_at,
       fg.name as first_gate
from tickets t
join orders o on o.id = t.order_id
left join presence p on p.ticket_id = t.ticket_id and p.show_id = t.show_id
left join scans f on f.id = p.first_scan_id
left join gates fg on fg.id = f.gate_id
where t.show_id = $1
  and (lower(t.holder_name) like $2 || '%' or lower(t.holder_name) like '% ' || $2 || '%'
       or lower(o.buyer_name) like $2 || '%' or lower(o.buyer_name) like '% ' || $2 || '%'
       or lower(o.buyer_email) like $2 || '%'
       or o.ref like $3 || '%'
       or t.ticket_id = $6
       or (lower(t.row_label) = ($4::text[])[1] and lower(t.seat_label) = ($4::text[])[2])
       or (lower(t.section) = ($4::text[])[1] and lower(t.row_label) = ($4::text[])[2] and lower(t.seat_label) = ($4::text[])[3]))
order by t.state = 'void', lower(t.holder_name), t.k nulls last, t.ticket_id
limit $5;

-- name: read_door_shows
-- Shows whose doors may open soon, soonest first: everything on sale from a day after its start on.
select s.id, s.event_id, e.title, s.label, s.starts_at, s.doors_at, s.venue_id, v.name as venue, v.time_zone,
       coalesce((select jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name) order by g.position, g.id)
                 from gates g where g.venue_id = s.venue_id), '[]') as gates
from shows s
join events e on e.id = s.event_id
join venues v on v.id = s.venue_id
where s.state not in ('draft', 'cancelled') and s.starts_at > now() - interval '1 day'
order by s.starts_at, s.id
limit 100;

-- name: insert_device
-- Enrol a browser or a machine that scans.
insert into devices (org_id, name, enrolled_by) values (current_org(), $1, $2) returning id;

-- name: insert_gate
-- Add a gate to a venue; null when it has one of that name.
insert into gates (org_id, venue_id, name, classes, position)
values (current_org(), $1, $2, $3, (select coalesce(max(position), -1) + 1 from gates where venue_id = $1))
on conflict (venue_id, name) do nothing
returning id;

-- name: venue_exists
-- Whether the organisation has this venue.
select exists (select from venues where id = $1);
