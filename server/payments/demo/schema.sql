-- The demo provider's file. WAL mode; one writer. `number` gives lists their order (newest first).
create table if not exists objects (
    number  integer primary key,
    id      text not null unique,
    kind    text not null,
    created integer not null,
    parent  text,             -- the payment intent a charge, refund or event belongs to; the source of a transaction
    body    blob not null     -- the record as JSON
);
create index if not exists objects_by_kind on objects (kind, number);
create index if not exists objects_by_parent on objects (parent, kind, number) where parent is not null;

-- The answer given under an idempotency key, and what was asked (a hash of method, path and parameters).
create table if not exists answers (
    key     text primary key,
    asked   blob not null,
    status  integer not null,
    body    blob not null,
    created integer not null
) without rowid;
create index if not exists answers_by_age on answers (created);

-- Events still to be delivered: one row per event and endpoint, gone once the endpoint said 2xx.
create table if not exists deliveries (
    event    text not null,
    endpoint text not null,
    number   integer not null,   -- order of events
    tries    integer not null default 0,
    due_ms   integer not null,
    primary key (event, endpoint)
) without rowid;

-- What happens by itself later (a pending refund settles).
create table if not exists timers (
    object text not null,
    deed   text not null,
    due_ms integer not null,
    primary key (object, deed)
) without rowid;

-- Net of all balance transactions, in Stripe's unit.
create table if not exists balances (
    currency text primary key,
    net      integer not null
) without rowid;
