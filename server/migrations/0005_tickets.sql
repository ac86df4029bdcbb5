-- Tickets and the door. A ticket is one person's right to enter one show; what the door saw of it is in scans and presence.
--
-- tickets, scans and presence are written for every ticket and every scan: their organisation is proved by the references that
-- carry it, not by one more of its own, and presence, which scans can recompute, does not refer to them. That is a fifth of the
-- CPU Postgres spends on a scan.

create table ticket_keys (
    org_id bigint not null references organisations (id),
    event_id integer not null,
    kid smallint not null check (kid between 0 and 255),
    public_key bytea not null check (length(public_key) = 32),
    -- Nonce and AES-GCM box under a key derived from the installation's secret; see server/tickets/keys.py.
    wrapped_key bytea not null check (length(wrapped_key) = 60),
    status text not null default 'signing' check (status in ('signing', 'verifying', 'given_up')),
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (event_id, kid),
    foreign key (org_id, event_id) references events (org_id, id)
);

create table tickets (
    -- 63 random bits: neither a buyer nor a printed number tells how many were sold.
    ticket_id bigint primary key check (ticket_id > 0),
    org_id bigint not null,
    event_id integer not null,
    show_id integer not null,
    order_id bigint not null,
    line_id bigint not null,
    -- Counts the places of one order line from 0; a line for a seat has one.
    ordinal integer not null default 0 check (ordinal >= 0),
    -- The seat's index k of the chart, or the area's index a.
    k integer check (k >= 0),
    area integer check (area >= 0),
    category smallint not null check (category >= 0),
    type_id integer not null,
    state text not null default 'issued' check (state in ('issued', 'suspended', 'void')),
    generation integer not null default 0 check (generation between 0 and 65535),
    code text not null,
    -- The words on the ticket, as they were when it was bought.
    category_name text not null default '',
    type_name text not null default '',
    section text not null default '',
    row_label text not null default '',
    seat_label text not null default '',
    holder_name text not null default '' check (length(holder_name) <= 200),
    issued_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    constraint tickets_of_org unique (org_id, ticket_id),
    constraint tickets_seat_or_area check ((k is null) <> (area is null)),
    foreign key (org_id, show_id) references shows (org_id, id),
    foreign key (org_id, order_id) references orders (org_id, id)
);
-- The last word against selling a seat twice.
create unique index tickets_seat_once on tickets (show_id, k) where state <> 'void';
-- The last word against issuing an order twice. A line that lost its ticket to a refund does not get another.
create unique index tickets_line_once on tickets (line_id, ordinal);
create index tickets_order on tickets (order_id);
create index tickets_holder on tickets (show_id, lower(holder_name) text_pattern_ops);

create table gates (
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    venue_id bigint not null,
    name text not null check (length(name) between 1 and 80),
    position smallint not null default 0,
    -- Categories that may pass; empty lets everybody pass.
    classes smallint[] not null default '{}',
    constraint gates_of_org unique (org_id, id),
    constraint gates_name_once unique (venue_id, name),
    foreign key (org_id, venue_id) references venues (org_id, id)
);

-- A browser or a machine that scans. Its number and its own count name every scan it ever sends.
create table devices (
    id integer generated always as identity primary key,
    org_id bigint not null references organisations (id),
    name text not null check (length(name) between 1 and 80),
    enrolled_by bigint references users (id),
    enrolled_at timestamptz not null default now(),
    revoked_at timestamptz,
    constraint devices_of_org unique (org_id, id)
);

-- Append only. An undo is a row of its own that names the scan it takes back.
create table scans (
    id bigint generated always as identity primary key,
    org_id bigint not null,
    device_id integer not null,
    seq bigint not null check (seq > 0),
    show_id integer not null,
    gate_id integer not null,
    direction text not null check (direction in ('entry', 'exit', 'undo')),
    method text not null check (method in ('camera', 'wedge', 'typed', 'photo', 'lookup', 'program')),
    -- Null when the code names no ticket of this organisation; then the digest tells equal codes from different ones.
    ticket_id bigint,
    generation integer,
    code_digest bytea not null check (length(code_digest) = 16),
    decision text not null check (decision in ('admit', 'leave', 'deny', 'undo')),
    reason text not null default '',
    -- The ticket's first admission, shown with a refusal.
    first_scan_id bigint references scans (id),
    undoes_scan_id bigint references scans (id),
    staff_id bigint references users (id),
    device_at timestamptz,
    scanned_at timestamptz not null default now(),
    constraint scans_key_once unique (device_id, seq),
    constraint scans_undone_once unique (undoes_scan_id),
    foreign key (org_id, device_id) references devices (org_id, id),
    foreign key (org_id, gate_id) references gates (org_id, id),
    foreign key (org_id, show_id) references shows (org_id, id),
    foreign key (org_id, ticket_id) references tickets (org_id, ticket_id)
);
create index scans_ticket on scans (ticket_id) where ticket_id is not null;
create index scans_show on scans (show_id, id desc);

-- What the door remembers of a ticket at a show: recomputable from scans, kept because a scan must not read a history.
create table presence (
    ticket_id bigint not null,
    show_id integer not null,
    org_id bigint not null,
    inside boolean not null,
    entries integer not null check (entries >= 0),
    first_scan_id bigint,
    last_scan_id bigint not null,
    primary key (show_id, ticket_id),
    foreign key (org_id, ticket_id) references tickets (org_id, ticket_id)
);

call protect_tenant('ticket_keys');
call protect_tenant('tickets');
call protect_tenant('gates');
call protect_tenant('devices');
call protect_tenant('scans');
call protect_tenant('presence');
revoke delete on ticket_keys, gates, devices, presence from frontrow_app;
revoke update, delete on scans from frontrow_app;
-- A ticket can be taken back only by the very transaction that issued it.
create policy never_deleted on tickets as restrictive for delete using (xmin = pg_current_xact_id()::xid);

-- Door: whose ticket a number names. The number is a secret of 63 bits, so knowing it is the right to look at the ticket.
create function owner_of_ticket(wanted bigint)
  returns table (org_id bigint, event_id integer, show_id integer)
  language sql stable security definer set search_path = public
  begin atomic
    select t.org_id, t.event_id, t.show_id from tickets t where t.ticket_id = wanted;
  end;

-- Door: the public keys a scanner needs to believe the codes of an event. Public by nature.
create function public_ticket_keys(wanted_event integer)
  returns table (kid smallint, public_key bytea, status text, changed_at timestamptz)
  language sql stable security definer set search_path = public
  begin atomic
    select k.kid, k.public_key, k.status, k.changed_at from ticket_keys k where k.event_id = wanted_event order by k.kid;
  end;

-- Lock a presented ticket and read everything a decision needs. Each statement of a volatile function sees what committed before
-- it, so what follows the lock is read after the winner of a race has written: a join in one statement would not do that.
-- One row always; its ticket columns are null for an unknown ticket, its stored_* columns for a scan that is new, and
-- device_alive for a device of nobody here.
create function lock_ticket(p_device integer, p_seq bigint, p_show integer, p_ticket bigint)
  returns table (
    device_alive boolean,
    ticket_id bigint, show_id integer, state text, generation integer, category smallint,
    category_name text, type_name text, section text, row_label text, seat_label text, holder_name text,
    inside boolean, entries integer, first_scan_id bigint, first_at timestamptz, first_gate text, last_scan_id bigint,
    stored_id bigint, stored_digest bytea, stored_direction text, stored_decision text, stored_reason text, stored_at timestamptz,
    stored_first_at timestamptz, stored_first_gate text)
  language plpgsql volatile set search_path = public as $$
begin
  perform from tickets t where t.ticket_id = p_ticket for update;
  return query
    select case when d.id is not null then d.revoked_at is null end,
           t.ticket_id, t.show_id, t.state, t.generation, t.category,
           t.category_name, t.type_name, t.section, t.row_label, t.seat_label, t.holder_name,
           coalesce(p.inside, false), coalesce(p.entries, 0), p.first_scan_id, f.scanned_at, fg.name, p.last_scan_id,
           s.id, s.code_digest, s.direction, s.decision, s.reason, s.scanned_at, sf.scanned_at, sfg.name
      from (select) as always
      left join devices d on d.id = p_device
      left join tickets t on t.ticket_id = p_ticket
      left join presence p on p.ticket_id = p_ticket and p.show_id = p_show
      left join scans f on f.id = p.first_scan_id
      left join gates fg on fg.id = f.gate_id
      left join scans s on s.device_id = p_device and s.seq = p_seq
      left join scans sf on sf.id = s.first_scan_id
      left join gates sfg on sfg.id = sf.gate_id;
end $$;

revoke all on function owner_of_ticket(bigint), public_ticket_keys(integer), lock_ticket(integer, bigint, integer, bigint) from public;
grant execute on function
    owner_of_ticket(bigint), public_ticket_keys(integer), lock_ticket(integer, bigint, integer, bigint) to frontrow_app;
