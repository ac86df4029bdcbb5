-- The waiting room tells people whose visit ended with a purchase where their tickets are.
create index orders_visitor on orders (visitor, show_id);
