-- name: find_request
-- What a key was used for.
select r.request_hash, r.ref from order_requests r where r.org_id = $1 and r.actor = $2 and r.key = $3

-- name: place_order
-- Write an order down, or say what stands in its way (migration 0017).
select * from place_order($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                          $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)

-- name: lock_order
-- An order with one attempt, its lines, and the key its tickets will be signed with.
select o.*, s.kid, s.public_key, s.wrapped_key
  from lock_order($1, $2, true) o
  left join lateral (
    select x.kid, x.public_key, x.wrapped_key from ticket_keys x
     where x.event_id = o.event_id and x.status = 'signing' order by x.kid desc limit 1) s on true

-- name: look_at_order
-- The same without the lock, and without the key.
select o.*, null::smallint as kid, null::bytea as public_key, null::bytea as wrapped_key from lock_order($1, null, false) o

-- name: insert_attempt
-- The next attempt to pay an order (R4: its key is stored before the provider hears of it).
with attempt as (
  insert into attempts (org_id, order_id, number, provider, amount, currency, idempotency_key)
  select $1, o.id, n.number, $3, o.total, o.currency, o.ref || ':' || n.number || ':create:0'
    from orders o cross join lateral (select coalesce(max(x.number), 0) + 1 as number from attempts x where x.order_id = o.id) n
   where o.id = $2
  returning id, order_id, number, idempotency_key),
noted as (
  insert into order_events (org_id, order_id, subject, subject_id, state, cause)
  select $1, a.order_id, 'attempt', a.id, 'created', $4 from attempt a)
select id, number, idempotency_key from attempt

-- name: pay_order
-- Money and tickets in one (migration 0019).
select pay_order($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)

-- name: sell_at_once
-- The whole sale of an order that was read a moment ago, unless something has changed (migration 0019).
select sell_at_once($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                    $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)

-- name: see_to_pay
-- An order as its reader sees it, and as it would be locked, in one trip: the columns of `order_at`, then those of `lock_order`.
select a.*, o.*, s.*
  from order_at($1) a
 cross join lateral lock_order(a.order_id, null, false) o
  left join lateral (
    select x.kid, x.public_key, x.wrapped_key from ticket_keys x
     where x.event_id = o.event_id and x.status = 'signing' order by x.kid desc limit 1) s on true

-- name: capture_attempt
-- Money came, but not as a sale.
with attempt as (
  update attempts set state = 'succeeded', intent_id = coalesce(intent_id, $2), charge_id = $3, received = $4, received_currency = $5,
         provider_fee = $6, ended_at = now()
   where id = $1 returning id, order_id, org_id)
insert into order_events (org_id, order_id, subject, subject_id, state, cause)
select a.org_id, a.order_id, 'attempt', a.id, 'succeeded', $7 from attempt a

-- name: move_order
-- An order enters a state.
with moved as (
  update orders set state = $2, money_without_stock = coalesce($4, money_without_stock), doubt_since = null,
         ended_at = case when $2 in ('expired', 'cancelled', 'refunded') then now() else ended_at end
   where id = $1 returning id, org_id)
insert into order_events (org_id, order_id, subject, subject_id, state, cause)
select m.org_id, m.id, 'order', m.id, $2, $3 from moved m

-- name: move_attempt
-- An attempt enters a state, or has news of its card.
with moved as (
  update attempts set state = $2, decline_code = $3, intent_id = coalesce(intent_id, $5),
         ended_at = case when $2 in ('declined', 'cancelled') then now() end
   where id = $1 returning id, order_id, org_id)
insert into order_events (org_id, order_id, subject, subject_id, state, cause)
select m.org_id, m.order_id, 'attempt', m.id, $2, $4 from moved m

-- name: give_grace
-- The one extension, while the buyer's bank is asking.
update orders set pay_until = now() + make_interval(secs => $2), check_at = now() + make_interval(secs => $2), grace_used = true where id = $1

-- name: doubt_order
-- Nobody can say what became of the payment; ask again at $2.
update orders set doubt_since = coalesce(doubt_since, now()), check_at = now() + make_interval(secs => $2) where id = $1

-- name: insert_effect
-- One effect that must follow this commit.
insert into outbox (org_id, order_id, kind, payload, deadline, available_at)
values ($1, $2, $3, $4::jsonb, now() + make_interval(secs => $5), now() + make_interval(secs => $6))

-- name: open_incident
-- Something a person has to look at; once while it is open.
insert into incidents (org_id, order_id, kind, details) values ($1, $2, $3, $4::jsonb) on conflict do nothing

-- name: settle_incidents
-- What a person had to look at is over.
update incidents set settled_at = now(), settlement = $3 where order_id = $1 and kind = any ($2::text[]) and settled_at is null

-- name: post
-- One ledger transaction, once per kind and source.
with posted as (
  insert into ledger_transactions (org_id, order_id, kind, source_id) values ($1, $2, $3, $4)
  on conflict (kind, source_id) do nothing returning id)
insert into ledger_entries (transaction_id, org_id, account, currency, amount)
select p.id, $1, e.account, $5, e.amount from posted p, unnest($6::text[], $7::bigint[]) as e (account, amount)

-- name: list_orders
-- A page of the organisation's orders, newest first.
select o.id, o.ref, o.state, o.show_id, o.buyer_name, o.buyer_email, o.total, o.currency, o.created_at, o.paid_at,
       (select count(*) from order_lines l where l.order_id = o.id) as places
  from orders o
 where ($1::int is null or o.show_id = $1) and ($2::text is null or o.state = $2)
   and ($3::text is null or o.ref = upper($3) or starts_with(lower(o.buyer_email), lower($3)))
   and ($4::bigint is null or o.id < $4)
 order by o.id desc limit $5
