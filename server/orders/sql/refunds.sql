-- name: insert_refund
-- A promise to give money back, with the key the provider will hear (order:attempt:refund:counter).
with refund as (
  insert into refunds (org_id, order_id, attempt_id, amount, currency, reason, note, requested_by, platform_fees, from_suspense, idempotency_key)
  select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
         o.ref || ':' || a.number || ':refund:' || (select count(*) from refunds x where x.order_id = o.id)
    from orders o join attempts a on a.order_id = o.id where o.id = $2 and a.id = $3
  returning id, order_id),
noted as (
  insert into order_events (org_id, order_id, subject, subject_id, state, cause)
  select $1, r.order_id, 'refund', r.id, 'requested', $6 from refund r)
select id from refund

-- name: insert_external_refund
-- A refund somebody made at the provider's own pages (race 15).
with refund as (
  insert into refunds (org_id, order_id, attempt_id, amount, currency, reason, provider_refund_id, idempotency_key)
  values ($1, $2, $3, $4, $5, 'external', $6, 'external:' || $6)
  on conflict do nothing returning id),
noted as (
  insert into order_events (org_id, order_id, subject, subject_id, state, cause)
  select $1, $2, 'refund', r.id, 'requested', 'external' from refund r)
select id from refund

-- name: refund_to_make
-- What the provider has to be told for a refund.
select r.id, r.order_id, r.state, r.amount, r.currency, r.idempotency_key, r.provider_refund_id, a.intent_id, a.id as attempt_id, o.ref
  from refunds r join attempts a on a.id = r.attempt_id join orders o on o.id = r.order_id
 where r.id = $1

-- name: lock_refund
-- A refund under the lock of its order, which the caller holds.
select r.id, r.order_id, r.attempt_id, r.state, r.amount, r.currency, r.reason, r.platform_fees, r.from_suspense, r.provider_refund_id
  from refunds r where r.id = $1

-- name: move_refund
-- A refund enters a state.
with moved as (
  update refunds set state = $2, provider_refund_id = coalesce(provider_refund_id, $3),
         ended_at = case when $2 in ('succeeded', 'failed', 'cancelled') then now() end
   where id = $1 returning id, order_id, org_id)
insert into order_events (org_id, order_id, subject, subject_id, state, cause)
select m.org_id, m.order_id, 'refund', m.id, $2, $4 from moved m

-- name: money_of_order
-- What came, what went back, what is on its way back: of the money that paid (or was to pay) the order, not of double payments.
select coalesce((select sum(a.received) from attempts a where a.order_id = $1
                  and not exists (select from refunds d where d.attempt_id = a.id and d.reason = 'double_payment')), 0)::bigint as captured,
       coalesce(sum(r.amount) filter (where r.state = 'succeeded'), 0)::bigint as returned,
       coalesce(sum(r.amount) filter (where r.state in ('requested', 'submitted', 'pending')), 0)::bigint as outstanding,
       (select a.id from attempts a where a.order_id = $1 and a.state = 'succeeded'
           and not exists (select from refunds d where d.attempt_id = a.id and d.reason = 'double_payment')
         order by a.number limit 1) as attempt_id
  from refunds r where r.order_id = $1 and r.reason <> 'double_payment'

-- name: unsettled_refunds
-- Refunds the provider took on but has not finished.
select r.id, r.provider_refund_id from refunds r where r.state in ('submitted', 'pending') and r.provider_refund_id is not null

-- name: log_refund
-- Who gave money back.
insert into audit_log (org_id, user_id, deed, subject, details) values ($1, $2, 'order.refunded', $3, $4::jsonb)
