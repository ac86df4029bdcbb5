-- Turn the hold frozen for an order into a sale. The order's record makes a repetition harmless.
-- KEYS  [1..14] the show
-- ARGV  [1] order id  [2] visitor  [3] hold id
-- Reply ok, position, the order's record {visitor, {k, type, ...}, {a, type, quantity, ...}}; or a refusal.
-- The rule it enforces is seatmap/inventory/rules/selling.py:sell.
return function(_, args)
  local order, visitor = args[1], args[2]
  local known = call('HGET', ORDERS, order)
  if known then return answer('ok', nil, known) end
  local hold = read_hold(visitor)
  if not hold or hold[ID] ~= args[3] or hold[ORDER] == '' then return refuse('hold_gone') end
  if hold[ORDER] ~= order then return refuse('hold_paying') end
  local demand = demand_of(hold[HELD_SEATS], SEAT_WIDTH, hold[HELD_AREAS], AREA_WIDTH)
  local seats, slots = forget_hold(visitor, hold)
  count(demand, 'held', -1)
  local record = { visitor, without_prices(hold[HELD_SEATS], SEAT_WIDTH), without_prices(hold[HELD_AREAS], AREA_WIDTH) }
  return record_sale(order, record, seats, slots, demand, hold[ID])
end
