-- Give seats and places of the visitor's hold back, or all of it.
-- KEYS  [1..14] the show, [15] the command's memory
-- ARGV  [1] visitor  [2] all 0|1  [3] seats: MessagePack {k, ...}  [4] areas: MessagePack {a, type, quantity, ...}
-- Reply ok, position, what is left of the hold (empty: nothing); or a refusal. Remembered by command.
-- The rule it enforces is seatmap/inventory/rules/holding.py:release.

-- Split the hold's seats into those that stay and those that go (flat triples).
local function part_seats(held, given)
  local wanted, stay, go = {}, {}, {}
  for i = 1, #given do wanted[given[i]] = true end
  for i = 1, #held, SEAT_WIDTH do
    local into = wanted[held[i]] and go or stay
    local n = #into
    into[n + 1], into[n + 2], into[n + 3] = held[i], held[i + 1], held[i + 2]
  end
  return stay, go
end

-- Take places off the lines of that area and type, latest price first.
local function part_areas(areas, given)
  local go = {}
  for i = 1, #given, 3 do
    local left = given[i + 2]
    for j = #areas - AREA_WIDTH + 1, 1, -AREA_WIDTH do
      if left > 0 and areas[j] == given[i] and areas[j + 1] == given[i + 1] then
        local taken, n = math.min(left, areas[j + 2]), #go
        areas[j + 2], left = areas[j + 2] - taken, left - taken
        go[n + 1], go[n + 2], go[n + 3], go[n + 4] = areas[j], areas[j + 1], taken, areas[j + 3]
      end
    end
  end
  local stay = {}
  for j = 1, #areas, AREA_WIDTH do
    if areas[j + 2] > 0 then
      for offset = 0, AREA_WIDTH - 1 do stay[#stay + 1] = areas[j + offset] end
    end
  end
  return stay, go
end

local function release_places(_, args)
  local visitor, hold = args[1], live_hold(args[1], now_ms())
  if not hold then return answer('ok') end
  if hold[ORDER] ~= '' then return refuse('hold_paying') end
  if args[2] == '1' then return answer('ok', let_go(visitor, hold, 'released')) end

  local seats, areas, gone_seats, gone_areas
  seats, gone_seats = part_seats(hold[HELD_SEATS], unpack_value(args[3]))
  areas, gone_areas = part_areas(hold[HELD_AREAS], unpack_value(args[4]))
  if #seats + #areas == 0 then return answer('ok', let_go(visitor, read_hold(visitor), 'released')) end
  hold[HELD_SEATS], hold[HELD_AREAS] = seats, areas
  local record = pack(hold)
  if #gone_seats + #gone_areas == 0 then return answer('ok', nil, record) end

  local freed = column(gone_seats, SEAT_WIDTH)
  if #freed > 0 then
    local slots = slots_of(freed)
    set_states(slots, FREE)
    call('HDEL', HOLDERS, unpack(slots))
  end
  local demand = demand_of(gone_seats, SEAT_WIDTH, gone_areas, AREA_WIDTH)
  count(demand, 'held', -1)
  call('HSET', HOLDS, visitor, record)
  return answer('ok', publish('released', visitor, hold[ID], '', FREE, freed, areas_of(demand), record), record)
end

return function(keys, args)
  return remembered(keys[15], release_places, keys, args)
end
