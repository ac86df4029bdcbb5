-- Open a show, or rebuild it: put the staged facts in force and fit in what survived of holds and sales.
-- KEYS  [1..14] the show, [15] fence, [16] staged orders, [17] staged bought, [18] staged blocked, [19] shows of the event
-- ARGV  [1] fence  [2] config: MessagePack map  [3] epoch to exceed  [4] seats  [5] layout
--       [6] sells, [7] counters, [8] prices: MessagePack {field, value, ...}  [9] MessagePack {hold, ...} of open payments
--       [10] show id
-- Reply ok and position; or a refusal.
-- The rule it enforces is seatmap/inventory/rules/opening.py:open_show.
local function replace_hash(key, fields)
  call('DEL', key)
  for from = 1, #fields, BATCH do call('HSET', key, unpack(fields, from, math.min(from + BATCH - 1, #fields))) end
end

local function replace_staged(key, staged)
  if call('EXISTS', staged) == 0 then return call('DEL', key) end
  call('RENAME', staged, key)
  call('PERSIST', key)
end

-- Fields of a hash as {name = packed value}; nothing for a lost show.
local function survivors(key, show)
  local flat, found = show and call('HGETALL', key) or {}, {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

local function sorted_names(found)
  local names = {}
  for name in pairs(found) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- Sales the facts do not know yet stay, unless they contradict them: lines beyond the plan, a seat sold to another.
local function keep_order(order, packed)
  if call('HEXISTS', ORDERS, order) == 1 then return end
  local record = unpack_value(packed)
  local seats, lines, area_lines = column(record[2], 2), record[2], record[3]
  local slots = slots_of(seats)
  if check_places(seats, area_lines, 3) then return end
  for _, state in ipairs(seat_states(slots)) do
    if state == SOLD then return end
  end
  if #slots > 0 then
    set_states(slots, SOLD)
    call('HDEL', BLOCKED, unpack(seats))
  end
  count(demand_of(lines, 2, area_lines, 3), 'sold', 1)
  call('HSET', ORDERS, order, packed)
  call('HINCRBY', BOUGHT, record[1], places_of(lines, 2, area_lines, 3))
end

local function is_priced(category, type_id, version)
  return call('HEXISTS', SELLS, category .. ':' .. type_id) == 1 and call('HEXISTS', PRICES, version) == 1
end

local function is_consistent(hold, slots, demand, now)
  local held, areas = hold[HELD_SEATS], hold[HELD_AREAS]
  if is_due(hold, now) or call('HEXISTS', ORDERS, hold[ORDER]) == 1 then return false end
  local states = seat_states(slots)
  local layouts = seat_layouts(slots)
  for i = 1, #slots do
    if states[i] ~= FREE then return false end
    if not is_priced(category_of(layouts[i]), held[i * 3 - 1], held[i * 3]) then return false end
  end
  for i = 1, #areas, AREA_WIDTH do
    if not is_priced(area_category(areas[i]), areas[i + 1], areas[i + 3]) then return false end
  end
  for name, places in pairs(demand) do
    if remaining(name) < places then return false end
  end
  return true
end

local function keep_hold(visitor, packed, now)
  local hold = unpack_value(packed)
  local seats = column(hold[HELD_SEATS], SEAT_WIDTH)
  if check_places(seats, hold[HELD_AREAS], AREA_WIDTH) then return end
  local demand = demand_of(hold[HELD_SEATS], SEAT_WIDTH, hold[HELD_AREAS], AREA_WIDTH)
  local slots = slots_of(seats)
  if not is_consistent(hold, slots, demand, now) then return end
  if #slots > 0 then
    set_states(slots, HELD)
    set_holders(slots, visitor)
  end
  count(demand, 'held', 1)
  call('HSET', HOLDS, visitor, packed)
  if hold[ORDER] == '' then call('ZADD', EXPIRY, hold[EXPIRES], visitor) else call('ZADD', PAYING, hold[UNTIL], visitor) end
end

return function(keys, args)
  if call('GET', keys[15]) ~= args[1] then return refuse('rebuild_superseded') end
  call('DEL', keys[15])
  local before, holds, orders = config, survivors(HOLDS, config), survivors(ORDERS, config)
  if not before then
    for _, hold in ipairs(unpack_value(args[9])) do holds[string.match(hold[ID], '^(.*)%.')] = pack(hold) end
  end
  config = unpack_value(args[2])
  config.clock_ms = before and before.clock_ms or 0
  local now = now_ms()
  config.epoch = math.max(math.floor(now / 1000), before and before.epoch + 1 or 0, tonumber(args[3]) + 1)

  write_config()
  call('SET', SEATS, args[4])
  call('SET', LAYOUT, args[5])
  replace_hash(SELLS, unpack_value(args[6]))
  replace_hash(COUNTERS, unpack_value(args[7]))
  replace_hash(PRICES, unpack_value(args[8]))
  replace_staged(ORDERS, keys[16])
  replace_staged(BOUGHT, keys[17])
  replace_staged(BLOCKED, keys[18])
  call('DEL', HOLDS, HOLDERS, EXPIRY, PAYING, FEED)
  for _, order in ipairs(sorted_names(orders)) do keep_order(order, orders[order]) end
  for _, visitor in ipairs(sorted_names(holds)) do keep_hold(visitor, holds[visitor], now) end

  call('SADD', keys[19], args[10])
  local areas = {}
  for a = 1, config.areas do areas[a] = a - 1 end
  return answer('ok', publish('opened', '', '', '', FREE, {}, areas))
end
