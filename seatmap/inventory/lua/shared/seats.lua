-- Seats: two public bits each, two bytes of layout each.

-- Every width-th value of a flat list: the seats of a hold, the areas of a hold.
local function column(flat, width)
  local values = {}
  for i = 1, #flat, width do values[#values + 1] = flat[i] end
  return values
end

local function seat_states(seats)
  local states = {}
  for from = 1, #seats, BATCH do
    local args = {}
    for i = from, math.min(from + BATCH - 1, #seats) do
      local n = #args
      args[n + 1], args[n + 2], args[n + 3] = 'GET', 'u2', '#' .. seats[i]
    end
    local got = call('BITFIELD', SEATS, unpack(args))
    if from == 1 and #seats <= BATCH then return got end
    for i = 1, #got do states[#states + 1] = got[i] end
  end
  return states
end

local function set_states(seats, state)
  for from = 1, #seats, BATCH do
    local args = {}
    for i = from, math.min(from + BATCH - 1, #seats) do
      local n = #args
      args[n + 1], args[n + 2], args[n + 3], args[n + 4] = 'SET', 'u2', '#' .. seats[i], state
    end
    call('BITFIELD', SEATS, unpack(args))
  end
end

local function category_of(layout)
  return math.floor(layout / 256)
end

-- Two bytes per seat: category, pool.
local function seat_layouts(seats)
  local args = {}
  for i = 1, #seats do
    local n = i * 3
    args[n - 2], args[n - 1], args[n] = 'GET', 'u16', '#' .. seats[i]
  end
  if #seats == 0 then return args end
  return call('BITFIELD', LAYOUT, unpack(args))
end

local function duplicates(seats)
  local seen, twice = {}, {}
  for i = 1, #seats do
    if seen[seats[i]] then twice[#twice + 1] = seats[i] end
    seen[seats[i]] = true
  end
  return twice
end
