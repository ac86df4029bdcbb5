-- Reads and writes of one order in one round trip. None is a door: each sets the tenant for its own statement, as the application
-- would with two statements more, and row-level security judges every row it touches.

-- What the owner of a reference is, how far its payment is, and what its buyer sees (JSON, `server/orders/reading.py`).
-- Who may see it is for the caller to judge, who compares visitor and key in constant time.
create function order_at(wanted text)
  returns table (org_id bigint, order_id bigint, visitor text, key text, state text, attempt_id bigint, attempt_state text,
                 intent_id text, view text)
  language plpgsql volatile set search_path = public as $$
declare
  owner record;
begin
  select * into owner from owner_of_order(wanted);
  if not found then
    return;
  end if;
  perform set_config('frontrow.org', owner.org_id::text, true);
  return query
    select owner.org_id, o.id, o.visitor, o.key, o.state, a.id, a.state, a.intent_id,
           json_build_object(
             'ref', o.ref, 'key', o.key, 'state', o.state, 'show_id', o.show_id, 'name', o.buyer_name, 'email', o.buyer_email,
             'locale', o.locale, 'currency', o.currency, 'subtotal', o.subtotal, 'fees', o.buyer_fees, 'total', o.total,
             'pay_until_ms', (extract(epoch from o.pay_until) * 1000)::bigint,
             'doubted', o.doubt_since is not null,
             'lines', (select json_agg(json_build_object(
                         'position', l.position, 'k', l.k, 'area', l.area, 'category', l.category,
                         'category_name', l.category_name, 'type', l.type_id, 'type_name', l.type_name, 'section', l.section,
                         'row', l.row_label, 'seat', l.seat_label, 'amount', l.amount, 'fee', l.buyer_fee,
                         'attendee', l.attendee_name) order by l.position)
                         from order_lines l where l.order_id = o.id),
             'tickets', case when o.paid_at is not null then
                        (select json_agg(json_build_array(l.position, t.ticket_id, t.code, t.state) order by l.position, t.ordinal)
                           from tickets t join order_lines l on l.id = t.line_id where t.order_id = o.id) end,
             'refunds', (select json_agg(json_build_object('amount', r.amount, 'currency', r.currency, 'state', r.state,
                                         'reason', r.reason, 'at_ms', (extract(epoch from r.created_at) * 1000)::bigint)
                                         order by r.id)
                           from refunds r where r.order_id = o.id),
             'attempt', case when o.state = 'awaiting_payment' and a.id is not null then
                        json_build_array(a.number, a.state, a.client_secret, a.decline_code, a.amount, a.currency) end)::text
      from orders o
      left join lateral (select x.* from attempts x where x.order_id = o.id order by x.number desc limit 1) a on true
     where o.id = owner.order_id;
end $$;

-- The provider answered our call; a webhook may have told us the same already. No need to wait for the disk: after a crash the same
-- idempotency key finds the intent again.
create function store_intent(p_org bigint, p_attempt bigint, p_intent text, p_secret text)
  returns void
  language plpgsql volatile set search_path = public as $$
begin
  perform set_config('frontrow.org', p_org::text, true), set_config('synchronous_commit', 'off', true);
  update attempts a set intent_id = p_intent, client_secret = p_secret
   where a.id = p_attempt and (a.intent_id is null or a.intent_id = p_intent);
end $$;

-- What a letter about an order says, as JSON (`server/outbox/letters.py`).
create function letter_facts(p_org bigint, p_order bigint)
  returns text
  language plpgsql volatile set search_path = public as $$
begin
  perform set_config('frontrow.org', p_org::text, true);
  return (
    select json_build_object(
      'ref', o.ref, 'key', o.key, 'event_id', o.event_id, 'show_id', o.show_id, 'name', o.buyer_name, 'email', o.buyer_email,
      'locale', o.locale, 'currency', o.currency, 'fees', o.buyer_fees, 'total', o.total,
      'tickets', (select json_agg(json_build_array(t.ticket_id, t.code, t.state, t.category_name, t.type_name, t.section,
                                                   t.row_label, t.seat_label, t.holder_name) order by t.line_id, t.ordinal)
                    from tickets t where t.order_id = o.id))::text
      from orders o where o.id = p_order);
end $$;

revoke all on function order_at(text), store_intent(bigint, bigint, text, text), letter_facts(bigint, bigint) from public;
grant execute on function order_at(text), store_intent(bigint, bigint, text, text), letter_facts(bigint, bigint) to frontrow_app;
