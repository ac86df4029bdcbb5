-- Door: the number of the organisation with this address. Addresses are public: every event page is found under one.
create function organisation_at(wanted text)
  returns bigint
  language sql stable security definer set search_path = public
  begin atomic
    select o.id from organisations o where o.slug = wanted;
  end;

revoke all on function organisation_at(text) from public;
grant execute on function organisation_at(text) to frontrow_app;
