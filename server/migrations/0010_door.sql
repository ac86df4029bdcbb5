-- The bot door: what was held against whom, and what came of it. Nobody is dropped in silence: every adverse action has a row, its
-- reason class is told to the person, and a contest of it waits for a reviewer while they go on waiting for their turn.

create table door_actions (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    room_id integer not null,
    -- `place:<epoch>:<index>`, or a keyed digest of a session, network or identity: never an address, never a name.
    -- Empty: counted only, in a flood that did not fit into memory.
    subject text not null check (length(subject) <= 40),
    place_index bigint check (place_index >= 0),
    action text not null check (action in ('price_raised', 'second_step', 'tier_lowered', 'held', 'rate_limited')),
    -- The class people are told.
    reason text not null check (length(reason) between 1 and 40),
    -- The five heaviest findings with their weights, for reviewers.
    reasons text[] not null default '{}' check (cardinality(reasons) <= 5),
    model text not null,
    log_odds real not null,
    tier_was smallint check (tier_was between 0 and 7),
    tier_became smallint check (tier_became between 0 and 7),
    times integer not null check (times > 0),
    -- The time the evidence covers.
    first_at timestamptz not null,
    last_at timestamptz not null,
    lifted_at timestamptz,
    constraint door_actions_once unique (room_id, subject, action, reason),
    constraint door_actions_window check (first_at <= last_at),
    constraint door_actions_tiers check ((action = 'tier_lowered') = (tier_was is not null and tier_became is not null)),
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade
);

create table door_contests (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    room_id integer not null,
    subject text not null check (subject like 'place:%'),
    place_index bigint not null check (place_index >= 0),
    -- The keyed digest the place belongs to: what its tier is kept under. Reviewers do not see it.
    identity bytea not null check (length(identity) = 8),
    text text not null check (length(text) <= 1000),
    opened_at timestamptz not null default now(),
    verdict text check (verdict in ('upheld', 'overturned')),
    note text check (length(note) <= 1000),
    decided_at timestamptz,
    decided_by bigint references users (id),
    constraint door_contests_of_org unique (org_id, id),
    constraint door_contests_decided check ((verdict is null) = (decided_at is null)),
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade
);
-- One open contest per place: asking again adds nothing to a queue of people.
create unique index door_contests_open_once on door_contests (room_id, subject) where verdict is null;
create index door_contests_open on door_contests (org_id, opened_at) where verdict is null;

call protect_tenant('door_actions');
call protect_tenant('door_contests');
