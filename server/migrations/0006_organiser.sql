-- The war room asks every second what was paid last and in which minute.
create index orders_paid on orders (show_id, paid_at desc) where paid_at is not null;
create index scans_gate on scans (show_id, gate_id);
