-- Orders, attempts to pay them, refunds, the inbox of webhooks, the outbox of effects, and the double-entry ledger.
-- States and rules: server/orders/states.py. Doors for the workers, which serve all tenants, are at the end.

create table orders (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    -- Public: ten random letters of Crockford's Base32. `key` is the secret half of the buyer's link.
    ref text not null check (ref ~ '^[0-9A-HJKMNP-TV-Z]{10}$'),
    key text not null check (length(key) >= 22),
    event_id integer not null,
    show_id integer not null,
    visitor text not null,
    hold_id text not null,
    hold_started_ms bigint not null,
    hold_extended boolean not null default false,
    state text not null default 'awaiting_payment' check (state in
        ('awaiting_payment', 'paid', 'refunding', 'partly_refunded', 'refunded', 'expired', 'cancelled', 'quarantined')),
    -- Money came for seats that are gone; cleared when it has been given back or ticketed.
    money_without_stock boolean not null default false,
    currency text not null check (currency ~ '^[a-z]{3}$'),
    -- What the lines cost, what the buyer pays on top, what the organiser gives up, what is charged. Minor units.
    subtotal bigint not null check (subtotal >= 0),
    buyer_fees bigint not null check (buyer_fees >= 0),
    organiser_fees bigint not null check (organiser_fees >= 0),
    total bigint generated always as (subtotal + buyer_fees) stored,
    buyer_name text not null check (length(buyer_name) between 1 and 200),
    buyer_email text not null check (buyer_email like '%_@_%' and length(buyer_email) <= 254),
    locale text not null default 'en' check (length(locale) <= 35),
    created_at timestamptz not null default now(),
    -- The buyer may pay until then; afterwards the sweep cancels the attempt before it releases anything (R5).
    pay_until timestamptz not null,
    grace_used boolean not null default false,
    check_at timestamptz not null,
    doubt_since timestamptz,
    paid_at timestamptz,
    ended_at timestamptz,
    constraint orders_ref_once unique (ref),
    constraint orders_of_org unique (org_id, id),
    foreign key (org_id, show_id) references shows (org_id, id)
);
-- Two tabs with the same basket meet here and get the same order.
create unique index orders_one_open_per_hold on orders (hold_id) where state = 'awaiting_payment';
create index orders_due on orders (check_at) where state = 'awaiting_payment';
create index orders_show on orders (show_id, id desc);
create index orders_buyer on orders (show_id, lower(buyer_email));

-- One admission each. The words are those of the moment of purchase: a ticket says what was bought, whatever the chart says later.
create table order_lines (
    id bigint generated always as identity primary key,
    org_id bigint not null,
    order_id bigint not null,
    position smallint not null check (position >= 0),
    k integer check (k >= 0),
    area integer check (area >= 0),
    category smallint not null check (category between 0 and 255),
    type_id integer not null,
    price_version integer not null,
    amount bigint not null check (amount >= 0),
    buyer_fee bigint not null check (buyer_fee >= 0),
    organiser_fee bigint not null check (organiser_fee >= 0),
    category_name text not null default '',
    type_name text not null default '',
    section text not null default '',
    row_label text not null default '',
    seat_label text not null default '',
    attendee_name text not null default '' check (length(attendee_name) <= 200),
    constraint order_lines_place_once unique (order_id, position),
    constraint order_lines_seat_or_area check ((k is null) <> (area is null)),
    foreign key (org_id, order_id) references orders (org_id, id)
);

-- One attempt is one payment intent at the provider. Its idempotency key is stored before the first call (R4).
create table attempts (
    id bigint generated always as identity primary key,
    org_id bigint not null,
    order_id bigint not null,
    number smallint not null check (number > 0),
    state text not null default 'created' check (state in
        ('created', 'requires_action', 'processing', 'unknown', 'succeeded', 'declined', 'cancelled')),
    provider text not null,
    amount bigint not null check (amount > 0),
    currency text not null,
    idempotency_key text not null,
    intent_id text,
    client_secret text,
    charge_id text,
    received bigint not null default 0 check (received >= 0),
    received_currency text,
    provider_fee bigint not null default 0,
    decline_code text,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint attempts_number_once unique (order_id, number),
    constraint attempts_key_once unique (idempotency_key),
    constraint attempts_intent_once unique (provider, intent_id),
    constraint attempts_of_org unique (org_id, id),
    foreign key (org_id, order_id) references orders (org_id, id)
);
create unique index attempts_one_open on attempts (order_id)
    where state in ('created', 'requires_action', 'processing', 'unknown');

create table refunds (
    id bigint generated always as identity primary key,
    org_id bigint not null,
    order_id bigint not null,
    attempt_id bigint not null,
    amount bigint not null check (amount > 0),
    currency text not null,
    state text not null default 'requested' check (state in
        ('requested', 'submitted', 'pending', 'succeeded', 'failed', 'cancelled')),
    reason text not null check (reason in
        ('staff', 'late_money', 'double_payment', 'external', 'event_cancelled')),
    note text not null default '' check (length(note) <= 500),
    -- Where the promise was taken from in the ledger, so that a failed one goes back there.
    platform_fees bigint not null default 0 check (platform_fees >= 0),
    from_suspense boolean not null default false,
    provider_refund_id text,
    idempotency_key text not null,
    requested_by bigint references users (id),
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint refunds_key_once unique (idempotency_key),
    constraint refunds_provider_once unique (provider_refund_id),
    foreign key (org_id, order_id) references orders (org_id, id),
    foreign key (org_id, attempt_id) references attempts (org_id, id)
);
create index refunds_order on refunds (order_id);
create index refunds_unsettled on refunds (created_at) where state in ('requested', 'submitted', 'pending');
-- Money is given back for one reason at most once at a time, however many workers noticed the need for it.
create unique index refunds_automatic_once on refunds (attempt_id, reason) where reason in ('late_money', 'double_payment');

-- Same request, same answer: what a key of a buyer or a program was used for, and what came of it.
create table order_requests (
    org_id bigint not null references organisations (id),
    actor text not null,
    key text not null check (length(key) between 1 and 80),
    request_hash bytea not null check (length(request_hash) = 16),
    -- The order it made or found.
    ref text not null,
    created_at timestamptz not null default now(),
    primary key (org_id, actor, key)
);

-- Why each state was entered. Append only.
create table order_events (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    order_id bigint not null,
    subject text not null check (subject in ('order', 'attempt', 'refund')),
    subject_id bigint not null,
    state text not null,
    cause text not null,
    at timestamptz not null default now()
);
create index order_events_order on order_events (order_id, id);

-- What a person has to look at. One open row per order and kind.
create table incidents (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    order_id bigint,
    kind text not null check (kind in
        ('late_money', 'amount_mismatch', 'double_payment', 'refund_failed', 'external_refund', 'delivery_dead', 'stock_conflict')),
    details jsonb not null default '{}',
    opened_at timestamptz not null default now(),
    settled_at timestamptz,
    settlement text
);
create unique index incidents_open_once on incidents (order_id, kind) where settled_at is null;

-- Webhooks as they came, kept for good: a replay weeks later meets its own row. org_id is null for an event about nothing of ours.
create table inbox (
    id bigint generated always as identity primary key,
    org_id bigint references organisations (id),
    provider text not null,
    event_id text not null,
    kind text not null,
    object_id text not null,
    intent_id text,
    attempt_id bigint,
    body bytea not null,
    received_at timestamptz not null default now(),
    available_at timestamptz not null default now(),
    tries smallint not null default 0,
    settled_at timestamptz,
    outcome text,
    dead_at timestamptz,
    error text,
    constraint inbox_event_once unique (provider, event_id)
);
-- Whoever applied a payment settles the webhooks that told of it.
create index inbox_unsettled_intent on inbox (intent_id) where settled_at is null;
create index inbox_ready on inbox (available_at) where settled_at is null and dead_at is null;

-- Effects that must follow a commit. `deadline` is when somebody must have noticed that one is late.
create table outbox (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    order_id bigint not null,
    kind text not null check (kind in ('sell', 'unsell', 'release', 'mail', 'refund', 'cancel_intent')),
    payload jsonb not null default '{}',
    created_at timestamptz not null default now(),
    available_at timestamptz not null default now(),
    deadline timestamptz not null,
    tries smallint not null default 0,
    settled_at timestamptz,
    outcome text,
    dead_at timestamptz,
    error text
);
create index outbox_ready on outbox (available_at) where settled_at is null and dead_at is null;
create index outbox_order on outbox (order_id);

-- Double entry, append only, per currency. Debits positive, credits negative; a transaction's entries come in one statement and sum to zero.
create table ledger_transactions (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    order_id bigint not null,
    -- What happened and to which row: `capture` 17, `refund_requested` 4 … once each.
    kind text not null,
    source_id bigint not null,
    at timestamptz not null default now(),
    constraint ledger_transactions_once unique (kind, source_id),
    constraint ledger_transactions_of_org unique (org_id, id)
);
create index ledger_transactions_order on ledger_transactions (order_id);

create table ledger_entries (
    transaction_id bigint not null,
    org_id bigint not null,
    account text not null check (account in
        ('provider_receivable', 'provider_balance', 'buyer_refunds', 'organiser_payable', 'platform_fee', 'provider_fee', 'tax',
         'dispute_hold', 'payout_in_transit', 'suspense')),
    currency text not null check (currency ~ '^[a-z]{3}$'),
    amount bigint not null check (amount <> 0),
    primary key (transaction_id, account, currency),
    foreign key (org_id, transaction_id) references ledger_transactions (org_id, id)
);

create function refuse_unbalanced() returns trigger
  language plpgsql as $$
declare
  wrong record;
begin
  select e.transaction_id, e.currency, sum(e.amount) as rest into wrong
    from added e group by 1, 2 having sum(e.amount) <> 0 limit 1;
  if found then
    raise exception 'ledger transaction % is off by % %', wrong.transaction_id, wrong.rest, wrong.currency
      using errcode = 'check_violation', constraint = 'ledger_sums_to_zero';
  end if;
  return null;
end $$;
create trigger ledger_sums_to_zero after insert on ledger_entries
    referencing new table as added for each statement execute function refuse_unbalanced();

create function refuse_change() returns trigger
  language plpgsql as $$
begin
  raise exception '% is append only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger ledger_transactions_append_only before update or delete or truncate on ledger_transactions
    for each statement execute function refuse_change();
create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
    for each statement execute function refuse_change();
create trigger order_events_append_only before update or delete or truncate on order_events
    for each statement execute function refuse_change();

call protect_tenant('orders');
call protect_tenant('order_lines');
call protect_tenant('attempts');
call protect_tenant('refunds');
call protect_tenant('order_requests');
call protect_tenant('order_events');
call protect_tenant('incidents');
call protect_tenant('inbox');
call protect_tenant('outbox');
call protect_tenant('ledger_transactions');
call protect_tenant('ledger_entries');
revoke delete on orders, order_lines, attempts, refunds, incidents, inbox, outbox from frontrow_app;
revoke update, delete on order_events, ledger_transactions, ledger_entries from frontrow_app;
revoke update on order_lines from frontrow_app;

-- Lock an order (or only look at it) with one of its attempts, the newest unless named, and read what a transition needs. Each statement of a volatile
-- function sees what committed before it, so what follows the lock is read after the winner of a race has written. Not a door:
-- row-level security applies.
create function lock_order(p_order bigint, p_attempt bigint, p_lock boolean)
  returns table (
    id bigint, ref text, event_id integer, show_id integer, visitor text, hold_id text, state text, currency text,
    subtotal bigint, buyer_fees bigint, organiser_fees bigint, total bigint, pay_until_ms bigint, grace_used boolean, doubt_since_ms bigint,
    attempt_id bigint, attempt_number smallint, attempt_state text, attempt_amount bigint, attempt_currency text, attempt_key text,
    intent_id text, client_secret text, decline_code text, received bigint, lines text)
  language plpgsql volatile set search_path = public as $$
begin
  if p_lock then
    perform from orders o where o.id = p_order for update;
  end if;
  return query
    select o.id, o.ref, o.event_id, o.show_id, o.visitor, o.hold_id, o.state, o.currency,
           o.subtotal, o.buyer_fees, o.organiser_fees, o.total, (extract(epoch from o.pay_until) * 1000)::bigint, o.grace_used,
           (extract(epoch from o.doubt_since) * 1000)::bigint,
           a.id, a.number, a.state, a.amount, a.currency, a.idempotency_key, a.intent_id, a.client_secret, a.decline_code, a.received,
           (select json_agg(json_build_array(l.id, l.k, l.area, l.category, l.type_id, l.category_name, l.type_name,
                                             l.section, l.row_label, l.seat_label, l.attendee_name) order by l.position)::text
              from order_lines l where l.order_id = o.id)
      from orders o
      left join lateral (
        select x.* from attempts x where x.order_id = o.id and (p_attempt is null or x.id = p_attempt)
         order by x.number desc limit 1) a on true
     where o.id = p_order;
end $$;

-- Let the orders of one person for one show come one after the other, and count the places they have. Not a door.
create function lock_buyer(p_show integer, p_email text)
  returns bigint
  language plpgsql volatile set search_path = public as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(lower(p_email), p_show));
  return (select count(*) from orders o join order_lines l on l.order_id = o.id
           where o.show_id = p_show and lower(o.buyer_email) = lower(p_email)
             and o.state in ('awaiting_payment', 'paid', 'partly_refunded', 'quarantined'));
end $$;
revoke all on function lock_order(bigint, bigint, boolean), lock_buyer(integer, text) from public;
grant execute on function lock_order(bigint, bigint, boolean), lock_buyer(integer, text) to frontrow_app;

-- Door: whose order a reference names, and what proves the right to see it (compared by the caller, in constant time).
create function owner_of_order(wanted text)
  returns table (org_id bigint, order_id bigint, visitor text, key text)
  language sql stable security definer set search_path = public
  begin atomic
    select o.org_id, o.id, o.visitor, o.key from orders o where o.ref = wanted;
  end;

-- The doors that claim and settle need not wait for the disk: what a crash forgets of them is done again, and doing it again is harmless.

-- Door: store a verified webhook once. The attempt is found by its intent or, when the webhook overtook the answer to our own call
-- (race 3), by the number in the metadata we sent. A success that was applied already is settled at once.
create function store_event(p_provider text, p_event text, p_kind text, p_object text, p_intent text, p_attempt bigint, p_body bytea)
  returns table (id bigint, org_id bigint, settled boolean)
  language sql volatile security definer set search_path = public
  begin atomic
    insert into inbox (org_id, provider, event_id, kind, object_id, intent_id, attempt_id, body, settled_at, outcome)
    select a.org_id, p_provider, p_event, p_kind, p_object, p_intent, a.id, p_body, s.at, s.outcome
      from (select) as always
      left join lateral (
        select x.id, x.org_id, x.state from attempts x
         where x.provider = p_provider and (x.intent_id = p_intent or (x.id = p_attempt and x.intent_id is null))
         limit 1) a on true
      cross join lateral (
        select case when p_kind = 'payment_intent.succeeded' and a.state = 'succeeded' then now() end,
               case when p_kind = 'payment_intent.succeeded' and a.state = 'succeeded' then 'already_applied' end) s (at, outcome)
    on conflict (provider, event_id) do nothing
    returning inbox.id, inbox.org_id, inbox.settled_at is not null;
  end;

-- Door: take up to `most` unsettled webhooks; they come back by themselves after the lease when the worker dies.
create function claim_inbox(most integer, lease_s integer)
  returns table (id bigint, org_id bigint, kind text, object_id text, attempt_id bigint, order_id bigint, tries smallint)
  language sql volatile security definer set search_path = public
  begin atomic
    select set_config('synchronous_commit', 'off', true);
    update inbox i set available_at = now() + make_interval(secs => lease_s), tries = i.tries + 1
      from (select c.id from inbox c where c.settled_at is null and c.dead_at is null and c.available_at <= now()
             order by c.available_at limit most for update skip locked) ready
     where i.id = ready.id
    returning i.id, i.org_id, i.kind, i.object_id, i.attempt_id,
              (select a.order_id from attempts a where a.id = i.attempt_id), i.tries;
  end;

-- Door: say what came of webhooks.
create function settle_inbox(ids bigint[], outcomes text[])
  returns void
  language sql volatile security definer set search_path = public
  begin atomic
    select set_config('synchronous_commit', 'off', true);
    update inbox i set settled_at = now(), outcome = d.outcome
      from unnest(ids, outcomes) as d (id, outcome) where i.id = d.id and i.settled_at is null;
  end;

-- Door: try a webhook again later, or give it up with an alarm.
create function postpone_inbox(wanted bigint, delay_s double precision, why text, dead boolean)
  returns void
  language sql volatile security definer set search_path = public
  begin atomic
    update inbox i set available_at = now() + make_interval(secs => delay_s), error = left(why, 500),
           dead_at = case when dead then now() end
     where i.id = wanted and i.settled_at is null;
  end;

-- Door: take up to `most` effects of some kinds that are due (with `of_order`, one order's), with what of the order they need.
create function claim_outbox(most integer, lease_s integer, kinds text[], of_order bigint)
  returns table (id bigint, org_id bigint, order_id bigint, kind text, payload text, tries smallint,
                 ref text, event_id integer, show_id integer, visitor text, hold_id text, total bigint, currency text, places bigint)
  language sql volatile security definer set search_path = public
  begin atomic
    select set_config('synchronous_commit', 'off', true);
    update outbox o set available_at = now() + make_interval(secs => lease_s), tries = o.tries + 1
      from (select c.id, c.order_id from outbox c
             where c.settled_at is null and c.dead_at is null and c.available_at <= now() and c.kind = any (kinds)
               and (of_order is null or c.order_id = of_order)
             order by c.available_at limit most for update skip locked) ready
      join orders p on p.id = ready.order_id
     where o.id = ready.id
    returning o.id, o.org_id, o.order_id, o.kind, o.payload::text, o.tries,
              p.ref, p.event_id, p.show_id, p.visitor, p.hold_id, p.total, p.currency,
              (select count(*) from order_lines l where l.order_id = p.id);
  end;

-- Door: these effects happened.
create function settle_outbox(ids bigint[], outcomes text[])
  returns void
  language sql volatile security definer set search_path = public
  begin atomic
    select set_config('synchronous_commit', 'off', true);
    update outbox o set settled_at = now(), outcome = d.outcome
      from unnest(ids, outcomes) as d (id, outcome) where o.id = d.id and o.settled_at is null;
  end;

-- Door: try an effect again later; a dead one stays and opens an incident.
create function postpone_outbox(wanted bigint, delay_s double precision, why text, dead boolean)
  returns void
  language sql volatile security definer set search_path = public
  begin atomic
    with late as (
      update outbox o set available_at = now() + make_interval(secs => delay_s), error = left(why, 500),
             dead_at = case when dead then now() end
       where o.id = wanted and o.settled_at is null
      returning o.org_id, o.order_id, o.kind)
    insert into incidents (org_id, order_id, kind, details)
    select l.org_id, l.order_id, 'delivery_dead', jsonb_build_object('effect', l.kind, 'error', left(why, 500)) from late l where dead
    on conflict do nothing;
  end;

-- Door: take up to `most` orders whose time to pay is over.
create function claim_due_orders(most integer, lease_s integer)
  returns table (org_id bigint, order_id bigint)
  language sql volatile security definer set search_path = public
  begin atomic
    update orders o set check_at = now() + make_interval(secs => lease_s)
      from (select c.id from orders c where c.state = 'awaiting_payment' and c.check_at <= now()
             order by c.check_at limit most for update skip locked) due
     where o.id = due.id
    returning o.org_id, o.id;
  end;

-- Door: our side of a page of the provider's intents.
create function attempts_of_intents(p_provider text, intents text[])
  returns table (intent_id text, org_id bigint, order_id bigint, attempt_id bigint, state text, received bigint)
  language sql stable security definer set search_path = public
  begin atomic
    select a.intent_id, a.org_id, a.order_id, a.id, a.state, a.received
      from attempts a where a.provider = p_provider and a.intent_id = any (intents);
  end;

-- Door: our side of a page of the provider's refunds, found by their id or the number in the metadata we sent.
create function refunds_of_provider(p_refunds text[], ids bigint[])
  returns table (id bigint, org_id bigint, order_id bigint, provider_refund_id text, state text, amount bigint)
  language sql stable security definer set search_path = public
  begin atomic
    select r.id, r.org_id, r.order_id, r.provider_refund_id, r.state, r.amount
      from refunds r where r.provider_refund_id = any (p_refunds) or (r.id = any (ids) and r.provider_refund_id is null);
  end;

-- Door: an attempt by its own number, for a payment that reached us before the answer to our call did.
create function owner_of_attempt(wanted bigint)
  returns table (org_id bigint, order_id bigint, provider text, intent_id text)
  language sql stable security definer set search_path = public
  begin atomic
    select a.org_id, a.order_id, a.provider, a.intent_id from attempts a where a.id = wanted;
  end;

-- Door: how much is waiting and for how long, for metrics and alarms.
create function delivery_backlog()
  returns table (box text, waiting bigint, dead bigint, overdue bigint, oldest_s double precision)
  language sql stable security definer set search_path = public
  begin atomic
    select 'inbox', count(*) filter (where dead_at is null), count(*) filter (where dead_at is not null),
           count(*) filter (where received_at < now() - interval '5 minutes'),
           coalesce(extract(epoch from now() - min(received_at)), 0)::double precision
      from inbox where settled_at is null
    union all
    select 'outbox', count(*) filter (where dead_at is null), count(*) filter (where dead_at is not null),
           count(*) filter (where deadline < now()),
           coalesce(extract(epoch from now() - min(created_at)), 0)::double precision
      from outbox where settled_at is null;
  end;

-- Door: every organisation's number, for the commands that look at the whole installation.
create function all_organisations()
  returns table (org_id bigint)
  language sql stable security definer set search_path = public
  begin atomic
    select o.id from organisations o order by o.id;
  end;

-- Door: the shows that can have live seats, for rebuilding a lost store.
create function sellable_shows()
  returns table (org_id bigint, event_id integer, show_id integer)
  language sql stable security definer set search_path = public
  begin atomic
    select s.org_id, s.event_id, s.id from shows s
     where s.state in ('on_sale', 'paused', 'closed') and s.starts_at > now() - interval '1 day' order by s.id;
  end;

revoke all on function
    owner_of_order(text), store_event(text, text, text, text, text, bigint, bytea), claim_inbox(integer, integer),
    settle_inbox(bigint[], text[]), postpone_inbox(bigint, double precision, text, boolean), claim_outbox(integer, integer, text[], bigint),
    settle_outbox(bigint[], text[]), postpone_outbox(bigint, double precision, text, boolean), claim_due_orders(integer, integer),
    attempts_of_intents(text, text[]), refunds_of_provider(text[], bigint[]), owner_of_attempt(bigint), delivery_backlog(),
    all_organisations(), sellable_shows() from public;
grant execute on function
    owner_of_order(text), store_event(text, text, text, text, text, bigint, bytea), claim_inbox(integer, integer),
    settle_inbox(bigint[], text[]), postpone_inbox(bigint, double precision, text, boolean), claim_outbox(integer, integer, text[], bigint),
    settle_outbox(bigint[], text[]), postpone_outbox(bigint, double precision, text, boolean), claim_due_orders(integer, integer),
    attempts_of_intents(text, text[]), refunds_of_provider(text[], bigint[]), owner_of_attempt(bigint), delivery_backlog(),
    all_organisations(), sellable_shows() to frontrow_app;
