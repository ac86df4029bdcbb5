-- People, what they may do, and the record of what they did.
--
-- `users` and `staff_sessions` belong to no organisation: one person may work for several. The runtime role has no right on
-- either table; it reaches them through the doors at the end of this file, each of which answers one question.

create table users (
    id bigint generated always as identity primary key,
    email text not null check (email = lower(email) and email like '%_@_%' and length(email) <= 254),
    name text not null check (length(name) between 1 and 200),
    -- argon2id in its own text form, or '' for somebody who was invited and has no password yet.
    password_hash text not null default '',
    platform_admin boolean not null default false,
    disabled_at timestamptz,
    created_at timestamptz not null default now(),
    constraint users_email_once unique (email)
);

create table memberships (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    user_id bigint not null references users (id),
    role text not null check (role in ('owner', 'manager', 'box_office', 'door', 'viewer')),
    created_at timestamptz not null default now(),
    constraint memberships_once unique (org_id, user_id)
);
create index memberships_user on memberships (user_id);

create table staff_sessions (
    -- SHA-256 of the cookie: whoever reads this table cannot sign in with it.
    token_hash bytea primary key check (length(token_hash) = 32),
    user_id bigint not null references users (id),
    -- The organisation the person works in now; they switch between those they are a member of.
    working_in bigint references organisations (id),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
create index staff_sessions_user on staff_sessions (user_id);
create index staff_sessions_expiry on staff_sessions (expires_at);

create table api_tokens (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    name text not null check (length(name) between 1 and 200),
    token_hash bytea not null check (length(token_hash) = 32),
    -- The last four characters, so that people can tell their tokens apart.
    ending text not null check (length(ending) = 4),
    scopes text[] not null check (cardinality(scopes) > 0),
    created_by bigint references users (id),
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    constraint api_tokens_hash_once unique (token_hash),
    constraint api_tokens_of_org unique (org_id, id)
);

-- What touches money, stock, people or prices. Written in the transaction of the deed; the runtime role cannot change or remove it.
create table audit_log (
    id bigint generated always as identity primary key,
    org_id bigint not null references organisations (id),
    at timestamptz not null default now(),
    user_id bigint references users (id),
    token_id bigint,
    -- noun.deed, such as price.changed
    deed text not null check (deed ~ '^[a-z_]+\.[a-z_]+$'),
    -- kind:id, such as show:12
    subject text not null,
    details jsonb not null default '{}',
    foreign key (org_id, token_id) references api_tokens (org_id, id)
);
create index audit_log_recent on audit_log (org_id, id desc);

call protect_tenant('memberships');
call protect_tenant('api_tokens');
call protect_tenant('audit_log');
revoke update, delete on audit_log from frontrow_app;

-- Door: what signing in compares with. One row for a known person who may sign in.
create function staff_credentials(wanted_email text)
  returns table (user_id bigint, name text, password_hash text, platform_admin boolean)
  language sql stable security definer set search_path = public
  begin atomic
    select u.id, u.name, u.password_hash, u.platform_admin from users u
     where u.email = lower(wanted_email) and u.disabled_at is null and u.password_hash <> '';
  end;

-- Door: open a session in the first organisation the person joined.
create function open_staff_session(new_hash bytea, whose bigint, until timestamptz)
  returns void
  language sql security definer set search_path = public
  begin atomic
    delete from staff_sessions where expires_at < now();
    insert into staff_sessions (token_hash, user_id, working_in, expires_at)
    values (new_hash, whose, (select org_id from memberships where user_id = whose order by id limit 1), until);
  end;

-- Door: who a session belongs to, and the role in the organisation they work in now.
create function staff_of_session(hash bytea)
  returns table (user_id bigint, name text, email text, platform_admin boolean, org_id bigint, role text)
  language sql stable security definer set search_path = public
  begin atomic
    select u.id, u.name, u.email, u.platform_admin, s.working_in, m.role
      from staff_sessions s
      join users u on u.id = s.user_id and u.disabled_at is null
      left join memberships m on m.user_id = s.user_id and m.org_id = s.working_in
     where s.token_hash = hash and s.expires_at > now();
  end;

-- Door: sign out.
create function close_staff_session(hash bytea)
  returns void
  language sql security definer set search_path = public
  begin atomic
    delete from staff_sessions where token_hash = hash;
  end;

-- Door: work in another organisation. Returns whether the person may.
create function switch_staff_session(hash bytea, wanted_org bigint)
  returns boolean
  language sql security definer set search_path = public
  begin atomic
    with moved as (
      update staff_sessions s set working_in = wanted_org
       where s.token_hash = hash and s.expires_at > now()
         and exists (select from users u where u.id = s.user_id and (u.platform_admin
             or exists (select from memberships m where m.user_id = u.id and m.org_id = wanted_org)))
         and exists (select from organisations o where o.id = wanted_org)
      returning 1)
    select exists (select from moved);
  end;

-- Door: the organisations a person may work in; a platform administrator works in all of them.
create function organisations_of(whose bigint)
  returns table (org_id bigint, slug text, name text, role text)
  language sql stable security definer set search_path = public
  begin atomic
    select o.id, o.slug, o.name, coalesce(m.role, 'owner')
      from users u
      join organisations o on true
      left join memberships m on m.user_id = u.id and m.org_id = o.id
     where u.id = whose and u.disabled_at is null and (m.role is not null or u.platform_admin)
     order by m.id nulls last, o.id;
  end;

-- Door: the people of the current organisation, by name. (Their rows in `users` are nobody else's business.)
create function members()
  returns table (user_id bigint, name text, email text, role text, since timestamptz)
  language sql stable security definer set search_path = public
  begin atomic
    select u.id, u.name, u.email, m.role, m.created_at
      from memberships m join users u on u.id = m.user_id
     where m.org_id = current_org() order by m.id;
  end;

-- Door: the number of the person with this address, made when new. Never changes somebody who exists.
create function ensure_user(new_email text, new_name text, new_hash text, admin boolean)
  returns bigint
  language sql security definer set search_path = public
  begin atomic
    insert into users (email, name, password_hash, platform_admin)
    values (lower(new_email), new_name, new_hash, admin) on conflict (email) do nothing;
    select id from users where email = lower(new_email);
  end;

-- Door: replace a password and end every session that was opened with the old one, except `keep`.
create function replace_password(whose bigint, new_hash text, keep bytea)
  returns void
  language sql security definer set search_path = public
  begin atomic
    update users set password_hash = new_hash where id = whose;
    delete from staff_sessions where user_id = whose and token_hash is distinct from keep;
  end;

-- Door: what an API token may do, if it is alive.
create function api_token_of(hash bytea)
  returns table (token_id bigint, org_id bigint, name text, scopes text[])
  language sql stable security definer set search_path = public
  begin atomic
    select t.id, t.org_id, t.name, t.scopes from api_tokens t
     where t.token_hash = hash and t.revoked_at is null and (t.expires_at is null or t.expires_at > now());
  end;

revoke all on function
    staff_credentials(text), open_staff_session(bytea, bigint, timestamptz), staff_of_session(bytea), close_staff_session(bytea),
    switch_staff_session(bytea, bigint), organisations_of(bigint), members(), ensure_user(text, text, text, boolean),
    replace_password(bigint, text, bytea), api_token_of(bytea) from public;
grant execute on function
    staff_credentials(text), open_staff_session(bytea, bigint, timestamptz), staff_of_session(bytea), close_staff_session(bytea),
    switch_staff_session(bytea, bigint), organisations_of(bigint), members(), ensure_user(text, text, text, boolean),
    replace_password(bigint, text, bytea), api_token_of(bytea) to frontrow_app;
