-- name: seat_in_two_tickets
-- M1: a seat is in at most one live ticket.
select 'show ' || t.show_id || ' seat ' || t.k as subject, count(*) || ' live tickets' as says
  from tickets t where t.state <> 'void' and t.k is not null group by t.show_id, t.k having count(*) > 1

-- name: quota_oversold
-- M1: no quota is oversold.
select 'quota ' || q.id as subject, count(*) || ' tickets of ' || q.capacity as says
  from quotas q join tickets t on t.show_id = q.show_id and t.state <> 'void'
 where exists (select from quota_members m where m.quota_id = q.id
                and (m.category is null or m.category = t.category) and (m.ticket_type_id is null or m.ticket_type_id = t.type_id))
 group by q.id, q.capacity having count(*) > q.capacity

-- name: paid_without_tickets
-- M2: a paid order has a live ticket per line.
select 'order ' || o.ref as subject, count(t.ticket_id) || ' live tickets for ' || count(l.id) || ' lines' as says
  from orders o join order_lines l on l.order_id = o.id
  left join tickets t on t.line_id = l.id and t.state <> 'void'
 where o.state = 'paid' group by o.ref having count(t.ticket_id) <> count(l.id)

-- name: ticket_without_payment
-- M2: every live ticket belongs to an order whose money came (or that cost nothing).
select 'order ' || o.ref as subject, 'live ticket in an order that is ' || o.state as says
  from tickets t join orders o on o.id = t.order_id
 where t.state <> 'void' and (o.paid_at is null
    or (o.total > 0 and not exists (select from attempts a where a.order_id = o.id and a.state = 'succeeded' and a.received = o.total)))

-- name: balance_of_order
-- M3: what came minus what went back is what the ledger says of the order.
select 'order ' || o.ref as subject, 'captured ' || m.captured || ', returned ' || m.returned || ', ledger ' || m.booked as says
  from orders o cross join lateral (
    select coalesce((select sum(a.received) from attempts a where a.order_id = o.id and a.state = 'succeeded'), 0) as captured,
           coalesce((select sum(r.amount) from refunds r where r.order_id = o.id and r.state = 'succeeded'), 0) as returned,
           coalesce((select sum(e.amount) from ledger_transactions x join ledger_entries e on e.transaction_id = x.id
                      where x.order_id = o.id and e.account = 'provider_receivable'), 0) as booked) m
 where m.captured - m.returned <> m.booked

-- name: ledger_not_zero
-- M4: the ledger sums to zero per currency.
select 'ledger in ' || e.currency as subject, 'off by ' || sum(e.amount) as says
  from ledger_entries e group by e.currency having sum(e.amount) <> 0

-- name: transaction_not_zero
-- M4: so does each transaction.
select 'ledger transaction ' || e.transaction_id as subject, 'off by ' || sum(e.amount) || ' ' || e.currency as says
  from ledger_entries e group by e.transaction_id, e.currency having sum(e.amount) <> 0

-- name: refunded_too_much
-- M5: no attempt gives back more than it brought.
select 'attempt ' || a.id as subject, 'refunds of ' || sum(r.amount) || ' on ' || a.received as says
  from attempts a join refunds r on r.attempt_id = a.id
 where r.state in ('requested', 'submitted', 'pending', 'succeeded') group by a.id, a.received having sum(r.amount) > a.received

-- name: refund_without_effect
-- M5: every refund of ours has its row in the outbox.
select 'refund ' || r.id as subject, 'no outbox row' as says
  from refunds r where r.reason <> 'external'
   and not exists (select from outbox x where x.order_id = r.order_id and x.kind = 'refund' and (x.payload->>'refund')::bigint = r.id)

-- name: effect_overdue
-- M5: no effect is past its deadline, none is dead.
select 'outbox ' || x.id as subject, x.kind || ' of order ' || o.ref || case when x.dead_at is null then ' is overdue: ' else ' is dead: ' end
       || coalesce(x.error, 'never tried') as says
  from outbox x join orders o on o.id = x.order_id where x.settled_at is null and (x.deadline < now() or x.dead_at is not null)

-- name: webhook_overdue
-- No webhook of ours waits for more than five minutes, none is dead.
select 'inbox ' || i.id as subject, i.kind || coalesce(': ' || i.error, '') as says
  from inbox i where i.settled_at is null and (i.received_at < now() - interval '5 minutes' or i.dead_at is not null)

-- name: letters_of_order
-- M7: one letter with tickets per order that was paid, never two.
select 'order ' || o.ref as subject, count(x.id) || ' letters with its tickets' as says
  from orders o left join outbox x on x.order_id = o.id and x.kind = 'mail' and x.payload->>'letter' = 'tickets'
 where o.paid_at is not null group by o.ref having count(x.id) <> 1

-- name: charged_for_nothing
-- M8: money of an order without tickets is on its way back, or a person is looking at it.
select 'order ' || o.ref as subject, 'is ' || o.state || ' and keeps ' || a.received || ' ' || a.received_currency as says
  from orders o join attempts a on a.order_id = o.id and a.state = 'succeeded'
 where o.state in ('awaiting_payment', 'expired', 'cancelled', 'quarantined', 'refunding')
   and not exists (select from refunds r where r.attempt_id = a.id and r.state in ('requested', 'submitted', 'pending', 'succeeded'))
   and not exists (select from incidents n where n.order_id = o.id and n.settled_at is null)

-- name: paid_twice
-- M3: of two payments of one order, one is given back.
select 'order ' || o.ref as subject, count(*) || ' payments kept' as says
  from orders o join attempts a on a.order_id = o.id and a.state = 'succeeded'
 where not exists (select from refunds r where r.attempt_id = a.id and r.reason in ('double_payment', 'late_money') and r.state <> 'failed')
 group by o.ref having count(*) > 1

-- name: state_without_cause
-- M10: the last noted state of everything is the state it is in.
select s.subject || ' ' || s.id as subject, 'is ' || s.state || ', last noted ' || coalesce(e.state, 'never') as says
  from (select 'order' as subject, o.id, o.id as order_id, o.state from orders o
        union all select 'attempt', a.id, a.order_id, a.state from attempts a
        union all select 'refund', r.id, r.order_id, r.state from refunds r) s
  left join lateral (select v.state from order_events v
                      where v.order_id = s.order_id and v.subject = s.subject and v.subject_id = s.id order by v.id desc limit 1) e on true
 where e.state is distinct from s.state

-- name: never_ended
-- M10: nobody waits for a payment much longer than the doubt about it may last.
select 'order ' || o.ref as subject, 'could be paid until ' || o.pay_until as says
  from orders o where o.state = 'awaiting_payment' and o.pay_until < now() - interval '40 minutes'

-- name: two_open_attempts
-- R4: at most one attempt of an order is open, and only while the order can be paid.
select 'order ' || o.ref as subject, count(*) || ' open attempts in an order that is ' || o.state as says
  from orders o join attempts a on a.order_id = o.id and a.state in ('created', 'requires_action', 'processing', 'unknown')
 group by o.ref, o.state having count(*) > 1 or o.state <> 'awaiting_payment'
