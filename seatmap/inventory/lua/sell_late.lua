-- Sell lines whose hold is gone, for money that arrived late: all of them or none.
-- KEYS  [1..14] the show
-- ARGV  [1] order id  [2] visitor  [3] seats: MessagePack {k, type, ...}  [4] areas: MessagePack {a, type, quantity, ...}
-- Reply ok, position, the order's record as of sell_hold; or a refusal.
-- The rule it enforces is seatmap/inventory/rules/selling.py:sell_late.

-- Split the buyer's own active hold into the seats of this sale and the rest (flat triples).
local function part(held, seats)
  local wanted, stay, go = {}, {}, {}
  for i = 1, #seats do wanted[seats[i]] = true end
  for i = 1, #held, SEAT_WIDTH do
    local into = wanted[held[i]] and go or stay
    local n = #into
    into[n + 1], into[n + 2], into[n + 3] = held[i], held[i + 1], held[i + 2]
  end
  return stay, go
end

-- Seats move from the buyer's own hold into the sale; places of an area stay held, they are interchangeable.
local function take_from_own_hold(visitor, hold, stay, go)
  call('HDEL', HOLDERS, unpack(slots_of(column(go, SEAT_WIDTH))))
  hold[HELD_SEATS] = stay
  if #stay + #hold[HELD_AREAS] > 0 then return answer_hold('released', visitor, hold) end
  forget_hold(visitor, hold)
  return publish('released', visitor, hold[ID], '', FREE, {}, {})
end

return function(_, args)
  local order, visitor, now = args[1], args[2], now_ms()
  local known = call('HGET', ORDERS, order)
  if known then return answer('ok', nil, known) end
  local lines, area_lines = unpack_value(args[3]), unpack_value(args[4])
  local seats = column(lines, 2)
  local slots = slots_of(seats)
  local _, refusal = check_request(seats, area_lines)
  refusal = refusal or check_places(seats, area_lines, 3)
  if refusal then return refusal end
  local bad_seats, bad_areas = unsold_types(lines, seat_layouts(slots), area_lines)
  if bad_seats or bad_areas then return refuse('type_not_sold', bad_seats, bad_areas) end

  local own, stay, go = live_hold(visitor, now), {}, {}
  if own and own[ORDER] == '' then stay, go = part(own[HELD_SEATS], seats) end
  local demand, given = demand_of(lines, 2, area_lines, 3), demand_of(go, SEAT_WIDTH, {}, AREA_WIDTH)
  local net = {}
  for name, places in pairs(demand) do net[name] = places - (given[name] or 0) end
  refusal = check_stock(seats, slots, net, now, #go > 0 and visitor or nil)
  if refusal then return refusal end
  count(given, 'held', -1)
  if #go > 0 then take_from_own_hold(visitor, own, stay, go) end
  return record_sale(order, { visitor, lines, area_lines }, seats, slots, demand, '')
end
