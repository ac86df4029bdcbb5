-- A sale in one round trip, for whoever has read the order a moment ago; and its parts, for whoever holds the lock.

-- All tickets of an order, in the order of seats, so that two orders that clash cannot wait for each other. A seat with a live ticket, or
-- an order line that has its ticket, is skipped: fewer come back than were asked for. Arrays have one element a ticket.
create function insert_tickets(
    p_org bigint, p_event integer, p_show integer, p_order bigint, p_ticket bigint[], p_code text[], p_line bigint[], p_ordinal integer[],
    p_k integer[], p_area integer[], p_category smallint[], p_type integer[], p_category_name text[], p_type_name text[],
    p_section text[], p_row text[], p_seat text[], p_holder text[])
  returns integer
  language plpgsql volatile set search_path = public as $$
declare
  inserted integer;
begin
  insert into tickets (org_id, event_id, show_id, order_id, ticket_id, code, line_id, ordinal, k, area, category, type_id,
                       category_name, type_name, section, row_label, seat_label, holder_name)
  select p_org, p_event, p_show, p_order, t.*
    from unnest(p_ticket, p_code, p_line, p_ordinal, p_k, p_area, p_category, p_type, p_category_name, p_type_name, p_section, p_row,
                p_seat, p_holder)
      as t (ticket_id, code, line_id, ordinal, k, area, category, type_id, category_name, type_name, section, row_label, seat_label,
            holder_name)
   order by t.k, t.line_id, t.ordinal
  on conflict do nothing;
  get diagnostics inserted = row_count;
  return inserted;
end $$;

-- Money and tickets in one: the order leaves the state p_from for paid, its attempt (null for a free order) succeeded, the ledger knows,
-- the effects are due, the webhooks are settled.
create function pay_order(
    p_order bigint, p_from text, p_attempt bigint, p_intent text, p_charge text, p_received bigint, p_currency text, p_fee bigint,
    p_account text[], p_amount bigint[], p_kind text[], p_payload text[], p_deadline_s integer[], p_cause text)
  returns void
  language plpgsql volatile set search_path = public as $$
begin
  with paid as (
    update orders o set state = 'paid', paid_at = now(), ended_at = null, doubt_since = null, money_without_stock = false
     where o.id = p_order and o.state = p_from returning o.id, o.org_id),
  attempt as (
    update attempts a set state = 'succeeded', intent_id = coalesce(a.intent_id, p_intent), charge_id = p_charge,
           received = p_received, received_currency = p_currency, provider_fee = p_fee, decline_code = null, ended_at = now()
     where a.id = p_attempt returning a.id, a.order_id, a.org_id),
  posted as (
    insert into ledger_transactions (org_id, order_id, kind, source_id)
    select a.org_id, a.order_id, 'capture', a.id from attempt a where cardinality(p_account) > 0
    returning id, org_id),
  entries as (
    insert into ledger_entries (transaction_id, org_id, account, currency, amount)
    select p.id, p.org_id, e.account, p_currency, e.amount from posted p, unnest(p_account, p_amount) as e (account, amount)),
  due as (
    insert into outbox (org_id, order_id, kind, payload, deadline)
    select p.org_id, p.id, e.kind, e.payload::jsonb, now() + make_interval(secs => e.deadline_s)
      from paid p, unnest(p_kind, p_payload, p_deadline_s) as e (kind, payload, deadline_s)),
  heard as (
    -- A webhook that a worker has locked is one it settles itself: nobody waits for it here, and so not in a circle. The intent is named
    -- twice: by ids alone, a plan made while the inbox was small goes through the whole of it, and looks for the lock at every row.
    update inbox i set settled_at = now(), outcome = 'paid'
      from attempt a
     where i.intent_id = p_intent and i.settled_at is null
       and i.id = any (array (select x.id from inbox x
                               where x.intent_id = p_intent and x.settled_at is null and x.kind like 'payment\_intent.%'
                                 for update skip locked)))
  insert into order_events (org_id, order_id, subject, subject_id, state, cause)
  select p.org_id, p.id, 'order', p.id, 'paid', p_cause from paid p
  union all
  select a.org_id, a.order_id, 'attempt', a.id, 'succeeded', p_cause from attempt a;
end $$;

-- Sell what was decided on an order as it was read without a lock: money in time, of the right amount. That stands as long as the order
-- awaits its payment (no attempt of it has succeeded then, and everything else it was decided on never changes) and no seat has another
-- ticket. False: one of these is not so, nothing was written, and whoever asked decides again under the lock.
create function sell_at_once(
    p_org bigint, p_event integer, p_show integer, p_order bigint, p_ticket bigint[], p_code text[], p_line bigint[], p_ordinal integer[],
    p_k integer[], p_area integer[], p_category smallint[], p_type integer[], p_category_name text[], p_type_name text[],
    p_section text[], p_row text[], p_seat text[], p_holder text[],
    p_attempt bigint, p_intent text, p_charge text, p_received bigint, p_currency text, p_fee bigint,
    p_account text[], p_amount bigint[], p_kind text[], p_payload text[], p_deadline_s integer[], p_cause text)
  returns boolean
  language plpgsql volatile set search_path = public as $$
begin
  perform set_config('frontrow.org', p_org::text, true);
  perform from orders o where o.id = p_order and o.state = 'awaiting_payment' for update;
  if not found then
    return false;
  end if;
  if insert_tickets(p_org, p_event, p_show, p_order, p_ticket, p_code, p_line, p_ordinal, p_k, p_area, p_category, p_type,
                    p_category_name, p_type_name, p_section, p_row, p_seat, p_holder) < cardinality(p_ticket) then
    delete from tickets t where t.ticket_id = any (p_ticket);
    return false;
  end if;
  perform pay_order(p_order, 'awaiting_payment', p_attempt, p_intent, p_charge, p_received, p_currency, p_fee, p_account, p_amount,
                    p_kind, p_payload, p_deadline_s, p_cause);
  return true;
end $$;

revoke all on function
  insert_tickets(bigint, integer, integer, bigint, bigint[], text[], bigint[], integer[], integer[], integer[], smallint[],
    integer[], text[], text[], text[], text[], text[], text[]),
  pay_order(bigint, text, bigint, text, text, bigint, text, bigint, text[], bigint[], text[], text[], integer[], text),
  sell_at_once(bigint, integer, integer, bigint, bigint[], text[], bigint[], integer[], integer[], integer[], smallint[], integer[],
    text[], text[], text[], text[], text[], text[], bigint, text, text, bigint, text, bigint, text[], bigint[], text[], text[],
    integer[], text) from public;
grant execute on function
  insert_tickets(bigint, integer, integer, bigint, bigint[], text[], bigint[], integer[], integer[], integer[], smallint[],
    integer[], text[], text[], text[], text[], text[], text[]),
  pay_order(bigint, text, bigint, text, text, bigint, text, bigint, text[], bigint[], text[], text[], integer[], text),
  sell_at_once(bigint, integer, integer, bigint, bigint[], text[], bigint[], integer[], integer[], integer[], smallint[], integer[],
    text[], text[], text[], text[], text[], text[], bigint, text, text, bigint, text, bigint, text[], bigint[], text[], text[],
    integer[], text) to frontrow_app;
