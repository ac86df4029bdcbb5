-- name: read_of_order
-- An order's tickets as they are printed, in the order of its lines.
select ticket_id, code, state, k, area, category_name, type_name, section, row_label, seat_label, holder_name, line_id
from tickets
where order_id = $1
order by line_id, ordinal;

-- name: read_ticket
-- One ticket with its show, and the order it came from.
select t.ticket_id, t.code, t.state, t.generation, t.k, t.area, t.event_id, t.show_id, t.category_name, t.type_name, t.section,
       t.row_label, t.seat_label, t.holder_name, t.line_id, o.ref, o.locale
from tickets t
join orders o on o.id = t.order_id
where t.ticket_id = $1;

-- name: read_order
-- What printing an order's tickets needs to know about it.
select ref, show_id, locale, key, coalesce(paid_at, created_at) as said_at from orders where id = $1;
