-- Waiting rooms: the line before the seats of one or several shows of an event. What happens in a room while it is open lives in
-- Valkey (docs/keys.md); here is what the organiser decided, what was promised before the draw and what it came to.

create table rooms (
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    event_id integer not null,
    -- The address is /rooms/{slug} for all organisations. It never changes: people keep it open for hours.
    slug text not null constraint rooms_slug_once unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 80),
    name text not null check (length(name) between 1 and 120),
    opens_lobby_at timestamptz not null,
    -- The announced second: the lobby closes, the draw is made, the sale opens.
    draws_at timestamptz not null,
    closes_at timestamptz not null,
    -- Visitors who may be at the seats at once, and how many are called a minute at most.
    cap integer not null default 500 check (cap between 1 and 1000000),
    rate_per_min integer not null default 300 check (rate_per_min between 1 and 1000000),
    claim_window_s integer not null default 300 check (claim_window_s between 30 and 86400),
    visit_s integer not null default 900 check (visit_s between 60 and 86400),
    reentries smallint not null default 1 check (reentries in (0, 1)),
    capacity_max integer not null default 2000000 check (capacity_max between 1 and 10000000),
    fail_open boolean not null default false,
    auto_passthrough boolean not null default true,
    -- Who counts as one person: 'device' (a key made in the browser), 'email' (a code sent by mail), 'code' (an invitation).
    identities text[] not null default '{device}' check (identities <> '{}' and identities <@ '{device,email,code}'),
    place text not null default 'exact' check (place in ('exact', 'banded')),
    -- What the organiser did while it ran, so that a lost store opens as it was left.
    paused boolean not null default false,
    passthrough boolean not null default false,
    draining boolean not null default false,
    closed_at timestamptz,
    -- Counts up when the line is thrown away on purpose; places of an earlier epoch are worth nothing.
    epoch integer not null default 1 check (epoch > 0),
    -- A rehearsal covers no shows, so its passes open nothing.
    rehearsal_of integer,
    created_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint rooms_of_org unique (org_id, id),
    foreign key (org_id, event_id) references events (org_id, id),
    foreign key (org_id, rehearsal_of) references rooms (org_id, id) on delete cascade,
    constraint rooms_lobby_before_draw check (opens_lobby_at <= draws_at),
    constraint rooms_draw_before_close check (draws_at < closes_at)
);
create index rooms_org on rooms (org_id, draws_at);
create index rooms_event on rooms (event_id);

create table room_shows (
    org_id bigint not null references organisations (id),
    room_id integer not null,
    show_id integer not null,
    -- Over when the room closed: the show is then sold without it, or through another one.
    ended boolean not null default false,
    primary key (room_id, show_id),
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade,
    foreign key (org_id, show_id) references shows (org_id, id)
);
-- A show has one door at a time.
create unique index room_shows_once on room_shows (show_id) where not ended;

-- People with an invitation of a tier are drawn before those of higher numbers. A code is checked with the public key alone.
create table room_tiers (
    org_id bigint not null references organisations (id),
    room_id integer not null,
    tier smallint not null check (tier between 0 and 3),
    name text not null check (length(name) between 1 and 120),
    public_key bytea not null check (length(public_key) = 32),
    -- Null when somebody else (a fan club) signs the codes and gave us the public key only.
    signing_seed bytea check (length(signing_seed) = 32),
    codes_issued integer not null default 0 check (codes_issued >= 0),
    primary key (room_id, tier),
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade
);

-- One row per room, written before its lobby opens: the commitment is published, the secret is not until the draw was made.
create table room_draws (
    org_id bigint not null references organisations (id),
    room_id integer primary key,
    version smallint not null,
    commitment bytea not null check (length(commitment) = 32),
    secret bytea not null check (length(secret) = 32),
    committed_at timestamptz not null default now(),
    -- All null until the draw: the Merkle root, the number of people in it, the seed, a public beacon's value if there was one.
    root bytea check (length(root) = 32),
    people integer check (people >= 0),
    beacon bytea check (length(beacon) < 256),
    seed bytea check (length(seed) = 32),
    -- Everybody in the draw, 9 bytes each: tier, keyed digest. And the hash of every 1,024 of them, 32 bytes each.
    list bytea,
    block_roots bytea,
    drawn_at timestamptz,
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade,
    constraint room_draws_whole check (num_nulls(root, people, seed, list, block_roots, drawn_at) in (0, 6))
);
-- Digests do not compress, and proofs read slices.
alter table room_draws alter column list set storage external, alter column block_roots set storage external;

-- Who wants a letter when their turn is near. The address goes when the letter was sent or the room closed.
create table room_notices (
    org_id bigint not null references organisations (id),
    room_id integer not null,
    place_index bigint not null check (place_index >= 0),
    email text not null check (length(email) between 3 and 254),
    locale text not null default 'en',
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    primary key (room_id, place_index),
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade
);
create index room_notices_due on room_notices (room_id, place_index) where sent_at is null;

-- What the organiser told those who wait; the newest is shown, an empty one takes it away.
create table room_messages (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    room_id integer not null,
    text text not null check (length(text) <= 500),
    said_by bigint references users (id),
    said_at timestamptz not null default now(),
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade
);
create index room_messages_room on room_messages (room_id, id desc);

call protect_tenant('rooms');
call protect_tenant('room_shows');
call protect_tenant('room_tiers');
call protect_tenant('room_draws');
call protect_tenant('room_notices');
call protect_tenant('room_messages');

-- Door: whose room an address or a number names.
create function owner_of_room(wanted_slug text, wanted_id integer)
  returns table (org_id bigint, room_id integer)
  language sql stable security definer set search_path = public
  begin atomic
    select r.org_id, r.id from rooms r where r.slug = wanted_slug or r.id = wanted_id;
  end;

-- Door: every room that is not closed, for the usher and for rebuilding a lost store.
create function open_rooms()
  returns table (org_id bigint, room_id integer)
  language sql stable security definer set search_path = public
  begin atomic
    select r.org_id, r.id from rooms r where r.closed_at is null order by r.id;
  end;

revoke all on function owner_of_room(text, integer), open_rooms() from public;
grant execute on function owner_of_room(text, integer), open_rooms() to frontrow_app;
