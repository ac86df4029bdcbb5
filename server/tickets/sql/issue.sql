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
-- All tickets of an order; how many were inserted (migration 0019).
select insert_tickets($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18);

-- name: delete_tickets
-- Take back what this very transaction inserted.
delete from tickets where ticket_id = any ($1::bigint[]);

-- name: read_by_line
-- Tickets an order already has, in the columns of `issue.Ticket`.
select ticket_id, line_id, ordinal, k, area, code from tickets where order_id = $1;

-- name: read_ticketed_seats
-- Which of these seats have a live ticket.
select k from tickets where show_id = $1 and k = any ($2::int[]) and state <> 'void' order by k;
