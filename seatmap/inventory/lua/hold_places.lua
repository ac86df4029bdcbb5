-- Add seats and places to the visitor's hold, or start one: all of them or none.
-- KEYS  [1..14] the show, [15] the command's memory, [16] the visitor's waiting-room pass
-- ARGV  [1] visitor  [2] hold id to use if a hold starts  [3] seats: MessagePack {k, type, ...}
--       [4] areas: MessagePack {a, type, quantity, ...}  [5] accessible 0|1  [6] allocation
-- Reply ok, position, the hold; or a refusal. Remembered by command.
-- The rule it enforces is seatmap/inventory/rules/holding.py:hold.

-- Where the hold has a seat (k → its place in the flat list), and which seats of the request are new to it.
local function split(seats, held)
  if #held == 0 then return NONE, seats end
  local mine, others = {}, {}
  for i = 1, #held, SEAT_WIDTH do mine[held[i]] = i end
  for i = 1, #seats do
    if not mine[seats[i]] then others[#others + 1] = seats[i] end
  end
  return mine, others
end

-- Seats of a pool the request is not entitled to; those already in the hold were judged when they were held.
local function reserved(seats, layouts, mine, accessible, allocation)
  local for_accessible, for_others
  for i = 1, #seats do
    local pool = layouts[i] % 256
    if pool ~= 0 and not mine[seats[i]] then
      if pool == 1 then
        if accessible ~= '1' then for_accessible = also(for_accessible, seats[i]) end
      elseif pool ~= tonumber(allocation) then
        for_others = also(for_others, seats[i])
      end
    end
  end
  return for_accessible, for_others
end

-- What the request asks of the counters: new seats and places, and the difference a retyped seat makes.
local function demand_of_request(lines, layouts, area_lines, mine, held)
  local demand = demand_of({}, 1, area_lines, 3)
  if config.quotas == 0 then return demand end
  for i = 1, #layouts do
    local category, k, type_id = category_of(layouts[i]), lines[i * 2 - 1], lines[i * 2]
    local at = mine[k]
    if not at then
      add_quotas(demand, category, type_id, 1)
    elseif held[at + 1] ~= type_id then
      add_quotas(demand, category, held[at + 1], -1)
      add_quotas(demand, category, type_id, 1)
    end
  end
  return demand
end

-- Write the lines into the hold; says whether anything changed.
local function fill(hold, mine, lines, area_lines)
  local held, areas, version = hold[HELD_SEATS], hold[HELD_AREAS], config.price_version
  local changed = #area_lines > 0
  for i = 1, #lines, 2 do
    local k, type_id, at = lines[i], lines[i + 1], mine[lines[i]]
    if not at then
      local n = #held
      held[n + 1], held[n + 2], held[n + 3], changed = k, type_id, version, true
    elseif held[at + 1] ~= type_id then
      held[at + 1], changed = type_id, true
    end
  end
  for i = 1, #area_lines, 3 do
    local a, type_id, quantity, at = area_lines[i], area_lines[i + 1], area_lines[i + 2], #areas + 1
    for j = 1, #areas, AREA_WIDTH do
      if areas[j] == a and areas[j + 1] == type_id and areas[j + 3] == version then at = j end
    end
    areas[at], areas[at + 1], areas[at + 2], areas[at + 3] = a, type_id, (areas[at + 2] or 0) + quantity, version
  end
  return changed
end

local function check_phase(now, pass)
  if now < config.opens_at_ms then return refuse('sale_not_open') end
  if config.closes_at_ms > 0 and now >= config.closes_at_ms then return refuse('sale_closed') end
  if config.paused == 1 then return refuse('sale_paused') end
  if config.pass_required == 1 and call('EXISTS', pass) == 0 then return refuse('pass_required') end
end

local function check_caps(visitor, hold, added)
  local total = added + places_of(hold[HELD_SEATS], SEAT_WIDTH, hold[HELD_AREAS], AREA_WIDTH)
  if total > config.order_max then return refuse('too_many_seats', nil, nil, config.order_max) end
  if config.visitor_max > 0 and total + (call('HGET', BOUGHT, visitor) or 0) > config.visitor_max then
    return refuse('too_many_seats', nil, nil, config.visitor_max)
  end
end

local function hold_places(keys, args)
  local visitor, lines, area_lines = args[1], unpack_value(args[3]), unpack_value(args[4])
  local seats = column(lines, 2)
  local places, refusal = check_request(seats, area_lines)
  if refusal then return refusal end
  local now = now_ms()
  refusal = check_phase(now, keys[16]) or check_places(seats, area_lines, 3)
  if refusal then return refusal end

  local hold = live_hold(visitor, now)
  if hold and hold[ORDER] ~= '' then return refuse('hold_paying') end
  local starts = not hold
  hold = hold or { args[2], now, now + config.ttl_ms, 0, '', 0, {}, {} }
  local held = hold[HELD_SEATS]
  local mine, others = split(seats, held)
  local slots = slots_of(seats)
  local other_slots = #others == #seats and slots or slots_of(others)
  local added = places - #seats + #others
  refusal = added > 0 and check_caps(visitor, hold, added)
  if refusal then return refusal end

  local layouts = seat_layouts(slots)
  local bad_seats, bad_areas = unsold_types(lines, layouts, area_lines)
  if bad_seats or bad_areas then return refuse('type_not_sold', bad_seats, bad_areas) end
  local for_accessible, for_others = reserved(seats, layouts, mine, args[5], args[6])
  if for_accessible then return refuse('seat_reserved_accessible', for_accessible) end
  if for_others then return refuse('seat_reserved', for_others) end
  local demand = demand_of_request(lines, layouts, area_lines, mine, held)
  refusal = check_stock(others, other_slots, demand, now)
  if refusal then return refusal end

  local changed = fill(hold, mine, lines, area_lines)
  local record = pack(hold)
  if not changed then return answer('ok', nil, record) end
  if #others > 0 then
    set_states(other_slots, HELD)
    set_holders(other_slots, visitor)
  end
  count(demand, 'held', 1)
  call('HSET', HOLDS, visitor, record)
  if starts then call('ZADD', EXPIRY, hold[EXPIRES], visitor) end
  return answer('ok', publish('held', visitor, hold[ID], '', HELD, others, areas_of(demand), record), record)
end

return function(keys, args)
  return remembered(keys[15], hold_places, keys, args)
end
