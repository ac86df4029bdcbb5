-- What can be sold: venues, charts, events, their shows, ticket types, prices, quotas and fees.
--
-- Foreign keys are checked past row-level security, so every reference below carries org_id: a row can point only at rows of
-- its own organisation, whatever number somebody guesses.

create table venues (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    name text not null check (length(name) between 1 and 200),
    street text not null default '',
    city text not null check (length(city) between 1 and 120),
    postcode text not null default '',
    country text not null check (country ~ '^[A-Z]{2}$'),
    latitude double precision check (latitude between -90 and 90),
    longitude double precision check (longitude between -180 and 180),
    time_zone text not null,
    created_at timestamptz not null default now(),
    constraint venues_of_org unique (org_id, id)
);
create index venues_org on venues (org_id);

-- One row per revision, never changed once a show uses it. The number of a chart stays, its revision counts up.
create sequence chart_numbers as integer;
create table charts (
    id integer not null default nextval('chart_numbers'),
    rev integer not null default 1 check (rev > 0),
    org_id bigint not null references organisations (id),
    venue_id bigint,
    name text not null check (length(name) between 1 and 200),
    seats integer not null check (seats >= 0),
    -- The authoring form (chart/1); null for charts that exist only compiled (generators, very large imports).
    authoring jsonb,
    -- `CompiledChart.dump()`: the wire form of docs/chart-format.md, compressed with brotli once, sent to browsers as it is.
    wire bytea not null,
    findings jsonb not null default '[]',
    created_at timestamptz not null default now(),
    primary key (id, rev),
    constraint charts_of_org unique (org_id, id, rev),
    foreign key (org_id, venue_id) references venues (org_id, id)
);
create index charts_org on charts (org_id);
alter table charts alter column wire set storage external;

create table events (
    -- Goes into every ticket as 32 bits.
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    slug text not null check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 80),
    title text not null check (length(title) between 1 and 200),
    summary text not null default '' check (length(summary) <= 300),
    description text not null default '' check (length(description) <= 20000),
    genre text not null default 'other'
        check (genre in ('theatre', 'concert', 'festival', 'sport', 'comedy', 'family', 'talk', 'other')),
    -- How the generated cover is drawn: palette, motif, seed.
    cover jsonb not null default '{}',
    status text not null default 'draft' check (status in ('draft', 'published', 'cancelled')),
    currency text not null check (currency ~ '^[a-z]{3}$'),
    created_at timestamptz not null default now(),
    published_at timestamptz,
    -- Counts every change of the event and of everything below it; pages and caches are keyed by it.
    version bigint not null default 1,
    -- Addresses are /events/{slug} for all organisations, so a slug is unique on the installation.
    constraint events_slug_once unique (slug),
    constraint events_of_org unique (org_id, id)
);
create index events_org on events (org_id);

create table shows (
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    event_id integer not null,
    venue_id bigint not null,
    chart_id integer not null,
    chart_rev integer not null,
    -- Shown beside the date: "Matinee", "Day 2". Usually empty.
    label text not null default '' check (length(label) <= 80),
    starts_at timestamptz not null,
    doors_at timestamptz,
    ends_at timestamptz,
    sale_opens_at timestamptz not null,
    sale_closes_at timestamptz not null,
    state text not null default 'draft' check (state in ('draft', 'on_sale', 'paused', 'closed', 'cancelled')),
    -- Null takes the installation's setting.
    hold_s integer check (hold_s between 30 and 3600),
    extension_s integer check (extension_s between 0 and 3600),
    per_order_max integer not null default 8 check (per_order_max between 1 and 100),
    per_visitor_max integer not null default 8 check (per_visitor_max between 1 and 1000),
    -- The current version of `prices`; 0 before there are any.
    price_version integer not null default 0 check (price_version >= 0),
    created_at timestamptz not null default now(),
    constraint shows_of_org unique (org_id, id),
    foreign key (org_id, event_id) references events (org_id, id),
    foreign key (org_id, venue_id) references venues (org_id, id),
    foreign key (org_id, chart_id, chart_rev) references charts (org_id, id, rev),
    constraint shows_doors_before_start check (doors_at <= starts_at),
    constraint shows_end_after_start check (ends_at > starts_at),
    constraint shows_sale_window check (sale_closes_at > sale_opens_at)
);
create index shows_event on shows (event_id);
create index shows_org_start on shows (org_id, starts_at);

-- The chart's price levels as this show sells them; `category` is the chart's index c.
create table show_categories (
    org_id bigint not null references organisations (id),
    show_id integer not null,
    category smallint not null check (category between 0 and 255),
    name text not null check (length(name) between 1 and 120),
    color text not null default '' check (color ~ '^(#[0-9a-f]{6})?$'),
    capacity integer not null check (capacity >= 0),
    primary key (show_id, category),
    constraint show_categories_of_org unique (org_id, show_id, category),
    foreign key (org_id, show_id) references shows (org_id, id)
);

create table ticket_types (
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    event_id integer not null,
    name text not null check (length(name) between 1 and 120),
    description text not null default '' check (length(description) <= 500),
    position smallint not null default 0,
    archived_at timestamptz,
    constraint ticket_types_of_org unique (org_id, id),
    foreign key (org_id, event_id) references events (org_id, id)
);
create index ticket_types_event on ticket_types (event_id, position);

-- Minor units of the event's currency. A type without a price in a category is not sold there. Versions are only ever added: a held
-- seat keeps the price it was held at, and a lost seat state is rebuilt with every version. `shows.price_version` is the current one.
create table prices (
    org_id bigint not null references organisations (id),
    show_id integer not null,
    version integer not null check (version > 0),
    category smallint not null,
    ticket_type_id integer not null,
    amount bigint not null check (amount between 0 and 100000000),
    primary key (show_id, version, category, ticket_type_id),
    foreign key (org_id, show_id, category) references show_categories (org_id, show_id, category),
    foreign key (org_id, ticket_type_id) references ticket_types (org_id, id)
);

-- A counter shared by any set of (category, type) pairs of one show; null in a member means "any".
create table quotas (
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    show_id integer not null,
    name text not null check (length(name) between 1 and 120),
    capacity integer not null check (capacity >= 0),
    constraint quotas_of_org unique (org_id, id),
    foreign key (org_id, show_id) references shows (org_id, id)
);
create index quotas_show on quotas (show_id);

create table quota_members (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    quota_id integer not null,
    category smallint,
    ticket_type_id integer,
    constraint quota_members_once unique nulls not distinct (quota_id, category, ticket_type_id),
    foreign key (org_id, quota_id) references quotas (org_id, id) on delete cascade,
    foreign key (org_id, ticket_type_id) references ticket_types (org_id, id)
);

-- Per ticket: percent (in hundredths of a percent) of the price, plus a fixed amount. The buyer's are added on top and shown with
-- every price; the organiser's are taken from the price.
create table fee_rules (
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    event_id integer not null,
    name text not null check (length(name) between 1 and 120),
    percent_bp integer not null default 0 check (percent_bp between 0 and 10000),
    fixed bigint not null default 0 check (fixed between 0 and 1000000),
    payer text not null check (payer in ('buyer', 'organiser')),
    position smallint not null default 0,
    foreign key (org_id, event_id) references events (org_id, id)
);
create index fee_rules_event on fee_rules (event_id, position);

-- Seats taken off sale by hand. With the sold ones (orders) this is what a lost seat state is rebuilt from.
create table blocked_seats (
    org_id bigint not null references organisations (id),
    show_id integer not null,
    k integer not null check (k >= 0),
    reason text not null default '' check (length(reason) <= 200),
    blocked_by bigint references users (id),
    blocked_at timestamptz not null default now(),
    primary key (show_id, k),
    foreign key (org_id, show_id) references shows (org_id, id)
);

call protect_tenant('venues');
call protect_tenant('charts');
call protect_tenant('events');
call protect_tenant('shows');
call protect_tenant('show_categories');
call protect_tenant('ticket_types');
call protect_tenant('prices');
call protect_tenant('quotas');
call protect_tenant('quota_members');
call protect_tenant('fee_rules');
call protect_tenant('blocked_seats');
grant usage on sequence chart_numbers to frontrow_app;

-- Door: whose event an address or a number names. The answer says nothing else about an event that is still a draft.
create function owner_of_event(wanted_slug text, wanted_id integer)
  returns table (org_id bigint, event_id integer, status text)
  language sql stable security definer set search_path = public
  begin atomic
    select e.org_id, e.id, e.status from events e where e.slug = wanted_slug or e.id = wanted_id;
  end;

-- Door: whose show a number names.
create function owner_of_show(wanted integer)
  returns table (org_id bigint, event_id integer)
  language sql stable security definer set search_path = public
  begin atomic
    select s.org_id, s.event_id from shows s where s.id = wanted;
  end;

-- Door: the compressed drawing of a chart that a published event uses.
create function published_chart(wanted integer, wanted_rev integer)
  returns bytea
  language sql stable security definer set search_path = public
  begin atomic
    select c.wire from charts c
     where c.id = wanted and c.rev = wanted_rev
       and exists (select from shows s join events e on e.id = s.event_id
                    where s.chart_id = c.id and s.chart_rev = c.rev and s.state <> 'draft' and e.status <> 'draft');
  end;

-- Door: the list of published events over all organisations, soonest show first. Each filter is off when null.
-- `after_start` and `after_id` continue a list where the last page ended.
create function published_events(
    words text, in_city text, in_genre text, by_organisation text, from_at timestamptz, until_at timestamptz,
    after_start timestamptz, after_id integer, rows_max integer)
  returns table (
    event_id integer, slug text, title text, summary text, genre text, cover jsonb, status text, currency text, version bigint,
    organisation text, next_start timestamptz, last_start timestamptz, shows bigint, venue text, city text, country text, time_zone text,
    venues bigint, price_min bigint, price_max bigint, fees jsonb, on_sale boolean, opens_at timestamptz)
  language sql stable security definer set search_path = public
  begin atomic
    select e.id, e.slug, e.title, e.summary, e.genre, e.cover, e.status, e.currency, e.version,
           o.name, n.starts_at, l.last_start, l.shows, v.name, v.city, v.country, v.time_zone,
           l.venues, p.price_min, p.price_max, f.fees, l.on_sale, l.opens_at
      from events e
      join organisations o on o.id = e.org_id
      cross join lateral (
        select s.starts_at, s.venue_id from shows s join venues sv on sv.id = s.venue_id
         where s.event_id = e.id and s.state not in ('draft', 'cancelled')
           and s.starts_at >= coalesce(from_at, now()) and (until_at is null or s.starts_at < until_at)
           and (in_city is null or lower(sv.city) = lower(in_city))
         order by s.starts_at, s.id limit 1) n
      join venues v on v.id = n.venue_id
      cross join lateral (
        select max(s.starts_at) as last_start, count(*) as shows, count(distinct s.venue_id) as venues,
               bool_or(s.state = 'on_sale' and now() >= s.sale_opens_at and now() < s.sale_closes_at) as on_sale,
               min(s.sale_opens_at) as opens_at
          from shows s where s.event_id = e.id and s.state not in ('draft', 'cancelled') and s.starts_at >= now()) l
      cross join lateral (
        select min(x.amount) as price_min, max(x.amount) as price_max
          from prices x join shows s on s.id = x.show_id and s.price_version = x.version
          join ticket_types t on t.id = x.ticket_type_id and t.archived_at is null
         where s.event_id = e.id and s.state not in ('draft', 'cancelled') and s.starts_at >= now()) p
      cross join lateral (
        select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'percent_bp', r.percent_bp, 'fixed', r.fixed, 'payer', r.payer)
                        order by r.position, r.id), '[]') as fees
          from fee_rules r where r.event_id = e.id) f
     where e.status = 'published'
       and (in_genre is null or e.genre = in_genre)
       and (by_organisation is null or o.slug = by_organisation)
       and (words is null or position(lower(words) in lower(e.title || ' ' || e.summary || ' ' || v.name || ' ' || v.city || ' ' || o.name)) > 0)
       and (after_start is null or (n.starts_at, e.id) > (after_start, after_id))
     order by n.starts_at, e.id
     limit least(rows_max, 200);
  end;

-- Door: where published events take place, for the filter of the list.
create function published_cities()
  returns table (city text)
  language sql stable security definer set search_path = public
  begin atomic
    select distinct v.city from shows s join events e on e.id = s.event_id join venues v on v.id = s.venue_id
     where e.status = 'published' and s.state not in ('draft', 'cancelled') and s.starts_at >= now()
     order by 1;
  end;

revoke all on function
    owner_of_event(text, integer), owner_of_show(integer), published_chart(integer, integer),
    published_events(text, text, text, text, timestamptz, timestamptz, timestamptz, integer, integer), published_cities() from public;
grant execute on function
    owner_of_event(text, integer), owner_of_show(integer), published_chart(integer, integer),
    published_events(text, text, text, text, timestamptz, timestamptz, timestamptz, integer, integer), published_cities() to frontrow_app;
