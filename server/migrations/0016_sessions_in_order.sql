-- Signing in takes away sessions that ran out; whoever changes a password takes away somebody's, among them some that ran out. Two of
-- them in another order waited for each other: the first leaves what the other has.
create or replace function open_staff_session(new_hash bytea, whose bigint, until timestamptz)
  returns void
  language sql security definer set search_path = public
  begin atomic
    delete from staff_sessions where token_hash in (
      select s.token_hash from staff_sessions s where s.expires_at < now() for update skip locked);
    insert into staff_sessions (token_hash, user_id, working_in, expires_at)
    values (new_hash, whose, (select org_id from memberships where user_id = whose order by id limit 1), until);
  end;
