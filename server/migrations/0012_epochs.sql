-- The last epoch in which a show's seats were rebuilt (docs/keys.md). Valkey may lose it together with the seats; a viewer who was
-- there before must never take the new picture for a continuation of the old one.
alter table shows add column epoch bigint not null default 0 check (epoch between 0 and 4294967295);
