-- What a waiting line must not lose with its store (docs/waiting-room.md, "If the store loses everything"): copied by the usher every
-- few seconds while a room runs. A line that is rebuilt from it gives no place twice; whoever joined since has a signed token.
create table room_copies (
    org_id bigint not null references organisations (id),
    room_id integer primary key,
    copied_at timestamptz not null default now(),
    -- Indices given out, and the seed name of the draw in force or ''.
    next_index bigint not null check (next_index >= 0),
    drawn text not null,
    -- Flags, watermark, ledgers, visits and two bits a place (queue/waitingroom/wire.py:CopyRecord).
    record bytea not null,
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade
);
-- It is replaced every few seconds and compresses badly.
alter table room_copies alter column record set storage external;

-- Who has which place, 9 bytes each as in the list of a draw: 8,192 places a row, and only rows that changed are written.
create table room_copy_blocks (
    org_id bigint not null references organisations (id),
    room_id integer not null,
    block integer not null check (block >= 0),
    entries bytea not null check (length(entries) between 1 and 8192 * 9),
    primary key (room_id, block),
    foreign key (org_id, room_id) references rooms (org_id, id) on delete cascade
);
alter table room_copy_blocks alter column entries set storage external;

call protect_tenant('room_copies');
call protect_tenant('room_copy_blocks');
