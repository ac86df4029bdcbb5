-- name: lock_live_tickets
-- Lock an order's tickets that could still admit somebody, always in the same order.
select ticket_id
from tickets
where order_id = $1 and state <> 'void' and ($2::bigint[] is null or line_id = any ($2))
order by ticket_id
for update;

-- name: read_admitted
-- Which of these tickets somebody entered with. Run after the lock: a scan writes presence under it.
select distinct ticket_id from presence where ticket_id = any ($1::bigint[]) and entries > 0;

-- name: set_state
-- Move locked tickets to a state.
update tickets set state = $2, changed_at = now() where ticket_id = any ($1::bigint[]);

-- name: change_state
-- Move an order's tickets from one state to another.
update tickets set state = $3, changed_at = now()
where ticket_id in (select ticket_id from tickets where order_id = $1 and state = $2 order by ticket_id for update)
returning ticket_id;
