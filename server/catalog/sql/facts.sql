-- name: event_facts
-- One event of the current organisation with everything below it, as the JSON that server.catalog.facts.EventFacts is decoded from.
select jsonb_build_object(
  'org_id', e.org_id, 'event_id', e.id, 'slug', e.slug, 'title', e.title, 'summary', e.summary, 'description', e.description,
  'genre', e.genre, 'cover', e.cover, 'status', e.status, 'currency', e.currency, 'version', e.version,
  'published_at', e.published_at,
  'organisation', (select jsonb_build_object('slug', o.slug, 'name', o.name, 'accent', o.accent, 'locale', o.locale,
                                             'support_email', o.support_email) from organisations o where o.id = e.org_id),
  'types', (select coalesce(jsonb_agg(jsonb_build_object('type_id', t.id, 'name', t.name, 'description', t.description,
                                                         'archived', t.archived_at is not null)
                                      order by t.position, t.id), '[]')
              from ticket_types t where t.event_id = e.id),
  'fees', (select coalesce(jsonb_agg(jsonb_build_object('name', f.name, 'percent_bp', f.percent_bp, 'fixed', f.fixed, 'payer', f.payer)
                                     order by f.position, f.id), '[]')
             from fee_rules f where f.event_id = e.id),
  'shows', (select coalesce(jsonb_agg(jsonb_build_object(
      'show_id', s.id, 'label', s.label, 'state', s.state,
      'starts_at', s.starts_at, 'doors_at', s.doors_at, 'ends_at', s.ends_at,
      'sale_opens_at', s.sale_opens_at, 'sale_closes_at', s.sale_closes_at,
      'hold_s', s.hold_s, 'extension_s', s.extension_s,
      'per_order_max', s.per_order_max, 'per_visitor_max', s.per_visitor_max,
      'chart_id', s.chart_id, 'chart_rev', s.chart_rev, 'price_version', s.price_version,
      'room', exists (select from room_shows w where w.show_id = s.id and not w.ended),
      'venue', (select jsonb_build_object('venue_id', v.id, 'name', v.name, 'street', v.street, 'city', v.city, 'postcode', v.postcode,
                                          'country', v.country, 'latitude', v.latitude, 'longitude', v.longitude, 'time_zone', v.time_zone)
                  from venues v where v.id = s.venue_id),
      'categories', (select coalesce(jsonb_agg(jsonb_build_object('category', c.category, 'name', c.name, 'color', c.color,
                                                                  'capacity', c.capacity) order by c.category), '[]')
                       from show_categories c where c.show_id = s.id),
      'prices', (select coalesce(jsonb_object_agg(p.category::text, p.amounts), '{}')
                   from (select x.category, jsonb_object_agg(x.ticket_type_id::text, x.amount) as amounts
                           from prices x join ticket_types t on t.id = x.ticket_type_id and t.archived_at is null
                          where x.show_id = s.id and x.version = s.price_version group by x.category) p),
      'quotas', (select coalesce(jsonb_agg(jsonb_build_object(
                     'quota_id', q.id, 'name', q.name, 'capacity', q.capacity,
                     'members', (select coalesce(jsonb_agg(jsonb_build_array(m.category, m.ticket_type_id) order by m.id), '[]')
                                   from quota_members m where m.quota_id = q.id)) order by q.id), '[]')
                   from quotas q where q.show_id = s.id)
    ) order by s.starts_at, s.id), '[]') from shows s where s.event_id = e.id)
)::text from events e where e.id = $1

-- name: price_versions
-- Every price a show ever had: version, category, type, amount.
select version, category, ticket_type_id, amount from prices where show_id = $1

-- name: chart_wire
-- The compressed drawing of one revision.
select wire from charts where id = $1 and rev = $2
