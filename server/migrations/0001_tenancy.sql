-- Organisations are tenants. Every table with an org_id is protected by row-level security from its first migration:
--   call protect_tenant('orders');
-- The runtime role (frontrow_app) owns nothing and cannot bypass the policies; the owner (frontrow_owner) runs migrations only.
-- A transaction names its tenant with `set local frontrow.org`; without it a tenant table looks empty.

create function current_org() returns bigint
  language sql stable parallel safe
  return nullif(current_setting('frontrow.org', true), '')::bigint;

create procedure protect_tenant(tenant_table regclass)
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', tenant_table);
  execute format('create policy tenant on %s using (org_id = current_org()) with check (org_id = current_org())', tenant_table);
  execute format('grant select, insert, update, delete on %s to frontrow_app', tenant_table);
end $$;

create table organisations (
  id          bigint generated always as identity primary key,
  slug        text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name        text not null check (length(name) between 1 and 200),
  accent      text check (accent ~ '^#[0-9a-f]{6}$'),
  locale      text not null default 'en',
  support_email text,
  created_at  timestamptz not null default now()
);
alter table organisations enable row level security;
create policy tenant on organisations using (id = current_org()) with check (id = current_org());
grant select, update on organisations to frontrow_app;

-- Door: what a buyer may know of an organiser (the name on the page), across tenants.
create function public_organisation(wanted bigint)
  returns table (id bigint, slug text, name text, accent text, locale text, support_email text)
  language sql stable security definer set search_path = public
  begin atomic
    select o.id, o.slug, o.name, o.accent, o.locale, o.support_email from organisations o where o.id = wanted;
  end;

-- Door: make an organisation. The application calls it for a platform administrator and for the seed; nothing else inserts here.
create function found_organisation(new_slug text, new_name text, new_accent text)
  returns bigint
  language sql security definer set search_path = public
  begin atomic
    insert into organisations (slug, name, accent) values (new_slug, new_name, new_accent)
    on conflict (slug) do update set name = excluded.name
    returning id;
  end;

revoke all on function public_organisation(bigint), found_organisation(text, text, text) from public;
grant execute on function public_organisation(bigint), found_organisation(text, text, text) to frontrow_app;
