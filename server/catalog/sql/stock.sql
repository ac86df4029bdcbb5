-- name: blocked
-- Seats taken off sale by hand.
select k, reason from blocked_seats where show_id = $1 order by k

-- name: sold
-- Every live ticket of a show: who owns which place. A void ticket owns nothing.
select t.order_id, o.visitor, t.k, t.area, t.type_id, count(*) as places
  from tickets t join orders o on o.id = t.order_id
 where t.show_id = $1 and t.state <> 'void'
 group by t.order_id, o.visitor, t.k, t.area, t.type_id
 order by t.order_id, t.k, t.area, t.type_id

-- name: paying
-- Every place of an order whose payment is open: its hold must survive, whatever the store has lost.
select o.id as order_id, o.visitor, o.hold_id, o.hold_started_ms, o.hold_extended, o.pay_until,
       l.k, l.area, l.type_id, l.price_version, count(*) as places
  from orders o join order_lines l on l.order_id = o.id
 where o.show_id = $1 and o.state = 'awaiting_payment'
 group by o.id, l.k, l.area, l.type_id, l.price_version
 order by o.id, l.k, l.area, l.type_id
