-- name: credentials
select user_id, name, password_hash, platform_admin from staff_credentials($1)

-- name: open_session
select open_staff_session($1, $2, $3)

-- name: staff_of_session
select user_id, name, email, platform_admin, org_id, role from staff_of_session($1)

-- name: close_session
select close_staff_session($1)

-- name: switch_session
select switch_staff_session($1, $2)

-- name: organisations_of
select org_id, slug, name, role from organisations_of($1)

-- name: replace_password
select replace_password($1, $2, $3)

-- name: ensure_user
select ensure_user($1, $2, $3, $4)

-- name: api_token_of
select token_id, org_id, name, scopes from api_token_of($1)

-- name: members
select user_id, name, email, role, since from members()

-- name: add_member
insert into memberships (org_id, user_id, role) values (current_org(), $1, $2)
on conflict (org_id, user_id) do nothing returning id

-- name: lock_owners
-- Two owners who remove each other at once meet here. Everybody's row is locked, in one order: of the owners alone, who had just become
-- one would be locked by some before the others and by some after them.
with everybody as materialized (select user_id, role from memberships order by id for update)
select user_id from everybody where role = 'owner'

-- name: change_role
update memberships set role = $2 where user_id = $1 returning id

-- name: remove_member
delete from memberships where user_id = $1 returning id

-- name: tokens
select id, name, ending, scopes, created_at, expires_at from api_tokens where revoked_at is null order by id

-- name: insert_token
insert into api_tokens (org_id, name, token_hash, ending, scopes, created_by, expires_at)
values (current_org(), $1, $2, $3, $4, $5, $6) returning id, created_at

-- name: revoke_token
update api_tokens set revoked_at = now() where id = $1 and revoked_at is null returning name

-- name: audit
insert into audit_log (org_id, user_id, token_id, deed, subject, details) values (current_org(), $1, $2, $3, $4, $5)

-- name: audit_page
select a.id, a.at, a.deed, a.subject, a.details::text as details,
       coalesce((select m.name from members() m where m.user_id = a.user_id), t.name, '') as actor
  from audit_log a left join api_tokens t on t.id = a.token_id
 where ($1::bigint is null or a.id < $1) and ($2::text is null or a.subject = $2)
 order by a.id desc limit $3

-- name: found_organisation
select found_organisation($1, $2, $3)
