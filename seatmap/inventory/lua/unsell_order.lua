-- Put seats and places of a sold order back on sale, or all of them.
-- KEYS  [1..14] the show, [15] the command's memory
-- ARGV  [1] order id  [2] all 0|1  [3] seats: MessagePack {k, ...}  [4] areas: MessagePack {a, type, quantity, ...}
-- Reply ok and position; or a refusal. What the order no longer has is ignored. Remembered by command.
-- The rule it enforces is seatmap/inventory/rules/selling.py:unsell.
local function part_seats(lines, given)
  local wanted, stay, go = {}, {}, {}
  for i = 1, #given do wanted[given[i]] = true end
  for i = 1, #lines, 2 do
    local into = wanted[lines[i]] and go or stay
    into[#into + 1] = lines[i]
    into[#into + 1] = lines[i + 1]
  end
  return stay, go
end

local function part_areas(lines, given)
  local stay, go = {}, {}
  for j = 1, #lines, 3 do
    local a, type_id, quantity, back = lines[j], lines[j + 1], lines[j + 2], 0
    for i = 1, #given, 3 do
      if given[i] == a and given[i + 1] == type_id then
        local places = math.max(0, math.min(given[i + 2], quantity - back))
        back, given[i + 2] = back + places, given[i + 2] - places
      end
    end
    local n, m = #stay, #go
    if quantity > back then stay[n + 1], stay[n + 2], stay[n + 3] = a, type_id, quantity - back end
    if back > 0 then go[m + 1], go[m + 2], go[m + 3] = a, type_id, back end
  end
  return stay, go
end

local function unsell_order(_, args)
  local order, known = args[1], call('HGET', ORDERS, args[1])
  if not known then return refuse('order_unknown') end
  local record = unpack_value(known)
  local visitor, seats, areas, gone_seats, gone_areas = record[1], {}, {}, record[2], record[3]
  if args[2] ~= '1' then
    seats, gone_seats = part_seats(record[2], unpack_value(args[3]))
    areas, gone_areas = part_areas(record[3], unpack_value(args[4]))
  end
  if #gone_seats + #gone_areas == 0 then return answer('ok') end
  local freed = column(gone_seats, 2)
  set_states(slots_of(freed), FREE)
  local demand = demand_of(gone_seats, 2, gone_areas, 3)
  count(demand, 'sold', -1)
  call('HSET', ORDERS, order, pack({ visitor, seats, areas }))
  call('HINCRBY', BOUGHT, visitor, -places_of(gone_seats, 2, gone_areas, 3))
  return answer('ok', publish('unsold', visitor, '', order, FREE, freed, areas_of(demand)))
end

return function(keys, args)
  return remembered(keys[15], unsell_order, keys, args)
end
