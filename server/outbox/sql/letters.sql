-- name: letter_facts
-- What a letter about an order says, as JSON.
select json_build_object(
  'ref', o.ref, 'key', o.key, 'event_id', o.event_id, 'show_id', o.show_id, 'name', o.buyer_name, 'email', o.buyer_email,
  'locale', o.locale, 'currency', o.currency, 'fees', o.buyer_fees, 'total', o.total,
  'tickets', (select json_agg(json_build_array(t.ticket_id, t.code, t.state, t.category_name, t.type_name, t.section, t.row_label,
                                               t.seat_label, t.holder_name) order by t.line_id, t.ordinal)
                from tickets t where t.order_id = o.id))::text
  from orders o where o.id = $1

-- name: order_places
-- The places of an order whose hold is gone.
select l.k, l.area, l.type_id, count(*) as places from order_lines l where l.order_id = $1 group by 1, 2, 3
