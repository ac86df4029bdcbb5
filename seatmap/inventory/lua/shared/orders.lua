-- Orders: {visitor, {k, type, ...}, {a, type, quantity, ...}}. A record with nothing left stays, so that a late
-- repetition of its sale cannot sell again.

local function without_prices(flat, width)
  local lines = {}
  for i = 1, #flat, width do
    for offset = 0, width - 2 do lines[#lines + 1] = flat[i + offset] end
  end
  return lines
end

local function record_sale(order, record, seats, slots, demand, hold_id)
  local visitor, blob = record[1], pack(record)
  set_states(slots, SOLD)
  count(demand, 'sold', 1)
  call('HSET', ORDERS, order, blob)
  call('HINCRBY', BOUGHT, visitor, places_of(record[2], 2, record[3], 3))
  return answer('ok', publish('sold', visitor, hold_id, order, SOLD, seats, areas_of(demand)), blob)
end
