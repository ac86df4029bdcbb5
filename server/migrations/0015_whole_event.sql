-- A room may stand before a whole event: a show that is added later is behind it from its first moment.
alter table rooms add column whole_event boolean not null default false;
create index rooms_whole_event on rooms (event_id) where whole_event and closed_at is null;
