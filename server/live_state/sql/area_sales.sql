-- name: area_sales
-- Living tickets per general-admission area of a show.
select t.area, count(*) as sold
  from tickets t
 where t.show_id = $1 and t.area is not null and t.state <> 'void'
 group by t.area
