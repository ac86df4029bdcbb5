-- A ticket's first scans are looked for by their number. Joined one by one, a plan made while there were few scans went through all of
-- them at each scan.
create or replace function lock_ticket(p_device integer, p_seq bigint, p_show integer, p_ticket bigint)
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
           coalesce(p.inside, false), coalesce(p.entries, 0), p.first_scan_id, f.scanned_at, f.gate, p.last_scan_id,
           s.id, s.code_digest, s.direction, s.decision, s.reason, s.scanned_at, sf.scanned_at, sf.gate
      from (select) as always
      left join devices d on d.id = p_device
      left join tickets t on t.ticket_id = p_ticket
      left join presence p on p.ticket_id = p_ticket and p.show_id = p_show
      left join lateral (select x.scanned_at, g.name as gate from scans x join gates g on g.id = x.gate_id
                          where x.id = p.first_scan_id) f on true
      left join scans s on s.device_id = p_device and s.seq = p_seq
      left join lateral (select x.scanned_at, g.name as gate from scans x join gates g on g.id = x.gate_id
                          where x.id = s.first_scan_id) sf on true;
end $$;
