-- An order is written down in one round trip: the tenant, the person's limit, the order, its lines and its first attempt.

-- No order comes back in two cases. `over_limit`: the person of this e-mail would have more than p_limit places (0: no limit), and has
-- `bought`; nothing was written. Otherwise the key was used before, or the hold has an open order already: whoever was first is the
-- order, and a new key is made to name it (none is kept when that order has just ended). Lines are arrays, one element a line.
-- Not a door: row-level security judges every row.
create function place_order(
    p_org bigint, p_limit integer, p_actor text, p_key text, p_digest bytea, p_ref text, p_secret text, p_event integer, p_show integer,
    p_visitor text, p_hold text, p_started_ms bigint, p_extended boolean, p_currency text, p_subtotal bigint, p_buyer_fees bigint,
    p_organiser_fees bigint, p_name text, p_email text, p_locale text, p_pay_until timestamptz,
    p_k integer[], p_area integer[], p_category smallint[], p_type integer[], p_price_version integer[], p_amount bigint[],
    p_buyer_fee bigint[], p_organiser_fee bigint[], p_category_name text[], p_type_name text[], p_section text[], p_row text[],
    p_seat text[], p_attendee text[], p_provider text)
  returns table (order_id bigint, attempt_id bigint, over_limit boolean, bought bigint)
  language plpgsql volatile set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('frontrow.org', p_org::text, true);
  over_limit := false;
  if p_limit > 0 then
    bought := lock_buyer(p_show, p_email);
    over_limit := bought + cardinality(p_k) > p_limit;
    if over_limit then
      return next;
      return;
    end if;
  end if;

  with request as (
    insert into order_requests (org_id, actor, key, request_hash, ref) values (p_org, p_actor, p_key, p_digest, p_ref)
    on conflict do nothing returning 1),
  placed as (
    insert into orders (org_id, ref, key, event_id, show_id, visitor, hold_id, hold_started_ms, hold_extended, currency,
                        subtotal, buyer_fees, organiser_fees, buyer_name, buyer_email, locale, pay_until, check_at)
    select p_org, p_ref, p_secret, p_event, p_show, p_visitor, p_hold, p_started_ms, p_extended, p_currency,
           p_subtotal, p_buyer_fees, p_organiser_fees, p_name, p_email, p_locale, p_pay_until, p_pay_until
      from request
    on conflict (hold_id) where state = 'awaiting_payment' do nothing
    returning id, total, currency),
  placed_lines as (
    insert into order_lines (org_id, order_id, position, k, area, category, type_id, price_version, amount, buyer_fee, organiser_fee,
                             category_name, type_name, section, row_label, seat_label, attendee_name)
    select p_org, p.id, t.position - 1, t.k, t.area, t.category, t.type_id, t.price_version, t.amount, t.buyer_fee, t.organiser_fee,
           t.category_name, t.type_name, t.section, t.row_label, t.seat_label, t.attendee_name
      from placed p,
           unnest(p_k, p_area, p_category, p_type, p_price_version, p_amount, p_buyer_fee, p_organiser_fee,
                  p_category_name, p_type_name, p_section, p_row, p_seat, p_attendee) with ordinality
             as t (k, area, category, type_id, price_version, amount, buyer_fee, organiser_fee,
                   category_name, type_name, section, row_label, seat_label, attendee_name, position)),
  attempt as (
    insert into attempts (org_id, order_id, number, provider, amount, currency, idempotency_key)
    select p_org, p.id, 1, p_provider, p.total, p.currency, p_ref || ':1:create:0' from placed p where p.total > 0
    returning id, order_id),
  noted as (
    insert into order_events (org_id, order_id, subject, subject_id, state, cause)
    select p_org, p.id, 'order', p.id, 'awaiting_payment', 'started' from placed p
    union all
    select p_org, a.order_id, 'attempt', a.id, 'created', 'started' from attempt a)
  select p.id, a.id into order_id, attempt_id from placed p left join attempt a on true;

  if order_id is null then
    update order_requests r set ref = o.ref
      from orders o
     where o.hold_id = p_hold and o.state = 'awaiting_payment'
       and r.org_id = p_org and r.actor = p_actor and r.key = p_key and r.ref = p_ref;
    if not found then
      delete from order_requests r where r.org_id = p_org and r.actor = p_actor and r.key = p_key and r.ref = p_ref;
    end if;
  end if;
  return next;
end $$;

revoke all on function place_order(bigint, integer, text, text, bytea, text, text, integer, integer, text, text, bigint, boolean, text,
  bigint, bigint, bigint, text, text, text, timestamptz, integer[], integer[], smallint[], integer[], integer[], bigint[], bigint[],
  bigint[], text[], text[], text[], text[], text[], text[], text) from public;
grant execute on function place_order(bigint, integer, text, text, bytea, text, text, integer, integer, text, text, bigint, boolean, text,
  bigint, bigint, bigint, text, text, text, timestamptz, integer[], integer[], smallint[], integer[], integer[], bigint[], bigint[],
  bigint[], text[], text[], text[], text[], text[], text[], text) to frontrow_app;

-- What the owner of a reference is, and what its buyer sees, as before (0008) without what decides about its payment: `lock_order` says
-- that. The order is named for its lines too: by their ids alone, a plan made while there were few lines goes through all of them for
-- each ticket.
drop function order_at(text);
create function order_at(wanted text)
  returns table (org_id bigint, order_id bigint, visitor text, key text, view text)
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
    select owner.org_id, o.id, o.visitor, o.key,
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
                           from tickets t join order_lines l on l.order_id = o.id and l.id = t.line_id where t.order_id = o.id) end,
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
revoke all on function order_at(text) from public;
grant execute on function order_at(text) to frontrow_app;

-- The organisation of these rows is proved by the show of their order, or by the order they are written with, as it is for tickets (0005):
-- nine looks at the same row of organisations in each purchase, which took 0.4 of the 1.0 ms of its foreign keys (auto_explain).
alter table orders drop constraint orders_org_id_fkey;
alter table order_requests drop constraint order_requests_org_id_fkey;
alter table order_events drop constraint order_events_org_id_fkey;
alter table outbox drop constraint outbox_org_id_fkey;
alter table inbox drop constraint inbox_org_id_fkey;
