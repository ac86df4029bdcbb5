-- name: order_places
-- The places of an order whose hold is gone.
select l.k, l.area, l.type_id, count(*) as places from order_lines l where l.order_id = $1 group by 1, 2, 3
