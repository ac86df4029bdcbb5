-- name: charts
-- The newest revision of each chart, newest chart first.
select distinct on (id) id, rev, venue_id, name, seats, jsonb_array_length(findings) as findings, created_at,
       exists (select from shows s where s.chart_id = charts.id) as in_use
  from charts where id < $1 order by id desc, rev desc limit $2

-- name: chart_head
-- The newest revision of one chart with everything a next revision is compared with.
select c.id, c.rev, c.venue_id, c.name, c.authoring::text as authoring, c.wire
  from charts c where c.id = $1 order by c.rev desc limit 1

-- name: lock_chart
-- One publisher of a chart at a time, until its transaction ends.
select pg_advisory_xact_lock(7160000000 + $1::bigint)

-- name: chart_revision
select id, rev, venue_id, name, seats, findings::text as findings, created_at,
       exists (select from shows s where s.chart_id = charts.id) as in_use
  from charts where id = $1 and rev = $2

-- name: chart_source
select authoring::text as authoring, wire from charts where id = $1 and rev = $2

-- name: chart_wire
select wire from charts where id = $1 and rev = $2

-- name: published_chart
-- Across tenants, through a door: the drawing of a chart that a published event uses.
select published_chart($1, $2)

-- name: seats_of_tickets
-- Seats of this chart that somebody owns, in any show that uses it.
select distinct t.k from tickets t join shows s on s.id = t.show_id
 where s.chart_id = $1 and t.k is not null and t.state <> 'void'

-- name: venue_exists
select exists (select from venues where id = $1)
