-- Checks: each answers with a refusal, or nothing when all is well.

local function unknown_seats(seats)
  local unknown
  for i = 1, #seats do
    if seats[i] < 0 or seats[i] >= config.seats then unknown = also(unknown, seats[i]) end
  end
  return unknown
end

local function unknown_areas(areas, width)
  local unknown
  for i = 1, #areas, width do
    if areas[i] < 0 or areas[i] >= config.areas then unknown = also(unknown, areas[i]) end
  end
  return unknown
end

local function check_places(seats, areas, area_width)
  local unknown = unknown_seats(seats)
  if unknown then return refuse('seat_unknown', unknown) end
  unknown = unknown_areas(areas, area_width)
  if unknown then return refuse('area_unknown', nil, unknown) end
end

local function check_request(seats, area_lines)
  local places = #seats
  for i = 1, #area_lines, 3 do
    if area_lines[i + 2] < 1 then return nil, refuse('empty_hold') end
    places = places + area_lines[i + 2]
  end
  if places == 0 then return nil, refuse('empty_hold') end
  if places > PLACES_MAX then return nil, refuse('too_many_seats', nil, nil, PLACES_MAX) end
  local twice = duplicates(seats)
  if twice then return nil, refuse('duplicate_seat', twice) end
  return places
end

-- What is sold changes with the configuration only (open_show.lua), so it is asked for once: 2 us a hold. Refusals are not kept,
-- whoever asks for a million types fills nothing. Keys are numbers because making the text costs as much as asking.
local function is_sold(category, type_id)
  local pair = category * 2 ^ 40 + type_id
  local sold = seen_sold[pair] or call('HEXISTS', SELLS, category .. ':' .. type_id) == 1
  if sold then seen_sold[pair] = true end
  return sold
end

-- Every (category, type) asked for must be priced. Lists the seats and areas where it is not.
local function unsold_types(lines, layouts, area_lines)
  local bad_seats, bad_areas
  for i = 1, #layouts do
    if not is_sold(category_of(layouts[i]), lines[i * 2]) then bad_seats = also(bad_seats, lines[i * 2 - 1]) end
  end
  for i = 1, #area_lines, 3 do
    if not is_sold(area_category(area_lines[i]), area_lines[i + 1]) then bad_areas = also(bad_areas, area_lines[i]) end
  end
  return bad_seats, bad_areas
end

-- Whether a held seat is taken; a lapsed hold in the way is let go. *mine* passes a seat held by that visitor.
local function is_taken(slot, now, mine)
  local visitor = call('HGET', HOLDERS, slot)
  if not visitor or visitor == mine then return false end
  local hold = read_hold(visitor)
  if not is_due(hold, now) then return true end
  let_go(visitor, hold, 'lapsed')
  return false
end

-- Seats of the list nobody may have now: all of them in order, and those taken (the others are off sale).
local function unavailable(seats, slots, now, mine)
  local states, all, taken = seat_states(slots), nil, nil
  for i = 1, #seats do
    local state = states[i]
    if state == SOLD or state == HELD and is_taken(slots[i], now, mine) then
      all, taken = also(all, seats[i]), also(taken, seats[i])
    elseif state == OFF_SALE then
      all = also(all, seats[i])
    end
  end
  return all, taken
end

-- Counters that cannot take the demand even after every due hold has lapsed: areas short, first quota short.
local function shortages(demand, now)
  if next(demand) == nil then return end
  local names = {}
  for name, places in pairs(demand) do
    if places > 0 then names[#names + 1] = name end
  end
  table.sort(names, function(a, b)
    local kind_a, kind_b = string.byte(a), string.byte(b)
    if kind_a ~= kind_b then return kind_a < kind_b end
    return tonumber(string.sub(a, 2)) < tonumber(string.sub(b, 2))
  end)
  local areas, quota
  for _, name in ipairs(names) do
    while remaining(name) < demand[name] do
      if not lapse_oldest(now) then
        local number = tonumber(string.sub(name, 2))
        if string.byte(name) == 97 then areas = also(areas, number) else quota = quota or number end
        break
      end
    end
  end
  return areas, quota
end

-- All seats and all counters must have room; lapsed holds in the way are let go first.
local function check_stock(seats, slots, demand, now, mine)
  local gone, taken = unavailable(seats, slots, now, mine)
  if gone then return refuse(taken and 'seat_taken' or 'seat_off_sale', gone) end
  local full, quota = shortages(demand, now)
  if full then return refuse('area_full', nil, full) end
  if quota then return refuse('quota_full', nil, nil, quota) end
end
