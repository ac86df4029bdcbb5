-- name: totals
-- What was sold and what stayed after refunds. Refunds count from the moment the provider took them on.
select (select count(*) from orders o where o.show_id = $1 and o.paid_at is not null) as orders,
       (select coalesce(sum(o.total), 0) from orders o where o.show_id = $1 and o.paid_at is not null)::bigint as taken,
       (select coalesce(sum(r.amount), 0) from refunds r join orders o on o.id = r.order_id
         where o.show_id = $1 and r.state in ('submitted', 'pending', 'succeeded'))::bigint as refunded

-- name: sold_per_minute
-- Tickets by the minute they were paid in, since $2.
select (extract(epoch from date_trunc('minute', o.paid_at)) / 60)::bigint as minute, count(*) as tickets
  from orders o join order_lines l on l.order_id = o.id
 where o.show_id = $1 and o.paid_at >= $2
 group by 1

-- name: last_orders
-- The newest paid orders.
select o.ref, o.paid_at, o.total, (select count(*) from order_lines l where l.order_id = o.id) as tickets
  from orders o where o.show_id = $1 and o.paid_at is not null
 order by o.paid_at desc, o.id desc limit $2

-- name: gates
-- What each gate of the show's venue has counted. An undone admission does not count.
select g.name,
       count(*) filter (where s.direction = 'entry' and s.decision = 'admit' and u.id is null) as admitted,
       count(*) filter (where s.decision = 'deny') as refused,
       count(*) filter (where s.direction = 'entry' and s.decision = 'admit' and u.id is null
                          and s.scanned_at > now() - interval '1 minute') as last_minute
  from shows w
  join gates g on g.venue_id = w.venue_id
  left join scans s on s.gate_id = g.id and s.show_id = w.id
  left join scans u on u.undoes_scan_id = s.id
 where w.id = $1
 group by g.id, g.name, g.position order by g.position, g.id

-- name: admitted
-- People who came in at least once.
select count(*) from presence where show_id = $1 and entries > 0

-- name: overview
-- The organisation's shows with what was sold, newest event first, then by date.
select e.id as event_id, e.slug, e.title, e.status, e.currency, e.cover,
       s.id as show_id, s.label, s.state, s.starts_at, s.sale_opens_at, s.sale_closes_at, v.name as venue, v.city, v.time_zone,
       coalesce((select sum(c.capacity) from show_categories c where c.show_id = s.id), 0)::bigint as capacity,
       (select count(*) from tickets t where t.show_id = s.id and t.state <> 'void') as sold,
       coalesce((select sum(o.total) from orders o where o.show_id = s.id and o.paid_at is not null), 0)::bigint
         - coalesce((select sum(r.amount) from refunds r join orders o on o.id = r.order_id
                      where o.show_id = s.id and r.state in ('submitted', 'pending', 'succeeded')), 0)::bigint as revenue
  from events e
  left join shows s on s.event_id = e.id
  left join venues v on v.id = s.venue_id
 order by e.id desc, s.starts_at, s.id
