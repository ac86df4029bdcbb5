-- Counters: areas as `a<index>`, quotas as `q<id>`; fields capacity `<name>`, `<name>:held`, `<name>:sold`,
-- and for areas `<name>:category`. A demand is a table counter name → places.

local function area_category(a)
  return call('HGET', COUNTERS, 'a' .. a .. ':category')
end

local function add_quotas(demand, category, type_id, places)
  local quotas = call('HGET', SELLS, category .. ':' .. type_id)
  if not quotas then return end
  for quota in string.gmatch(quotas, '%d+') do
    demand['q' .. quota] = (demand['q' .. quota] or 0) + places
  end
end

-- Counter name → places, for lines of the given widths. Areas count as `a<index>`, quotas as `q<id>`.
local function demand_of(seats, seat_width, areas, area_width)
  local demand = {}
  if config.quotas > 0 and #seats > 0 then
    local layouts = seat_layouts(slots_of(column(seats, seat_width)))
    for i = 1, #layouts do
      add_quotas(demand, category_of(layouts[i]), seats[(i - 1) * seat_width + 2], 1)
    end
  end
  for i = 1, #areas, area_width do
    local name, type_id, places = 'a' .. areas[i], areas[i + 1], areas[i + 2]
    demand[name] = (demand[name] or 0) + places
    if config.quotas > 0 then add_quotas(demand, area_category(areas[i]), type_id, places) end
  end
  return demand
end

local function places_of(seats, seat_width, areas, area_width)
  local places = #seats / seat_width
  for i = 1, #areas, area_width do places = places + areas[i + 2] end
  return places
end

local function count(demand, kind, sign)
  for name, places in pairs(demand) do
    if places ~= 0 then call('HINCRBY', COUNTERS, name .. ':' .. kind, sign * places) end
  end
end

local function remaining(name)
  local counter = call('HMGET', COUNTERS, name, name .. ':held', name .. ':sold')
  return counter[1] - counter[2] - counter[3]
end

local function areas_of(demand)
  if next(demand) == nil then return NONE end
  local areas = {}
  for name, places in pairs(demand) do
    if places ~= 0 and string.byte(name) == 97 then areas[#areas + 1] = tonumber(string.sub(name, 2)) end
  end
  table.sort(areas)
  return areas
end
