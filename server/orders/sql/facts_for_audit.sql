-- name: ticketed_seats
-- Every live ticket's seat of a show.
select t.k from tickets t where t.show_id = $1 and t.k is not null and t.state <> 'void'

-- name: ticketed_areas
-- How many live tickets each standing area of a show has.
select t.area, count(*) as places from tickets t where t.show_id = $1 and t.area is not null and t.state <> 'void' group by t.area

-- name: succeeded_attempts
-- Our successful payments at one provider since a moment.
select a.intent_id, a.received, a.received_currency from attempts a
 where a.provider = $1 and a.state = 'succeeded' and a.created_at >= $2

-- name: made_refunds
-- Our refunds the provider knows of, since a moment.
select r.provider_refund_id, r.amount, r.state from refunds r where r.provider_refund_id is not null and r.created_at >= $1
