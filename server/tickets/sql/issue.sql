-- name: read_signing_key
-- The key new tickets of an event are signed with: the newest that is for signing.
select kid, public_key, wrapped_key
from ticket_keys
where event_id = $1 and status = 'signing'
order by kid desc
limit 1;

-- name: insert_key
-- First key of an event; of two that are made at once, one stays.
insert into ticket_keys (org_id, event_id, kid, public_key, wrapped_key)
values ($1, $2, $3, $4, $5)
on conflict do nothing;

-- name: insert_tickets
-- All tickets of an order in one statement, in the order of seats, so that two orders that clash cannot wait for each other.
-- A seat with a live ticket, or an order line that has its ticket, is skipped, and missing in the answer.
insert into tickets (org_id, event_id, show_id, order_id, ticket_id, code, line_id, ordinal, k, area, category, type_id,
                     category_name, type_name, section, row_label, seat_label, holder_name)
select $1, $2, $3, $4, t.*
from unnest($5::bigint[], $6::text[], $7::bigint[], $8::int[], $9::int[], $10::int[], $11::smallint[], $12::int[],
            $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[])
  as t (ticket_id, code, line_id, ordinal, k, area, category, type_id, category_name, type_name, section, row_label, seat_label,
        holder_name)
order by t.k, t.line_id, t.ordinal
on conflict do nothing
returning ticket_id;

-- name: delete_tickets
-- Take back what this very transaction inserted.
delete from tickets where ticket_id = any ($1::bigint[]);

-- name: read_by_line
-- Tickets an order already has, in the columns of `issue.Ticket`.
select ticket_id, line_id, ordinal, k, area, code from tickets where order_id = $1;

-- name: read_ticketed_seats
-- Which of these seats have a live ticket.
select k from tickets where show_id = $1 and k = any ($2::int[]) and state <> 'void' order by k;
