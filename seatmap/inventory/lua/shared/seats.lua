-- Seats: two public bits each, two bytes of layout each.
local STATE_TEXT = { [FREE] = '0', [HELD] = '1', [SOLD] = '2', [OFF_SALE] = '3' }

-- Every width-th value of a flat list: the seats of a hold, the areas of a hold.
local function column(flat, width)
  local values = {}
  for i = 1, #flat, width do values[#values + 1] = flat[i] end
  return values
end

-- Seats as BITFIELD and the holders' hash name them, `#<k>`: made once per call, the conversion costs 0.3 us a seat.
local function slots_of(seats)
  local slots = {}
  for i = 1, #seats do slots[i] = '#' .. seats[i] end
  return slots
end

local function read_fields(key, width, slots)
  if #slots == 1 then return call('BITFIELD', key, 'GET', width, slots[1]) end
  local values = {}
  for from = 1, #slots, BATCH do
    local args, n = {}, 0
    for i = from, math.min(from + BATCH - 1, #slots) do
      args[n + 1], args[n + 2], args[n + 3] = 'GET', width, slots[i]
      n = n + 3
    end
    local got = call('BITFIELD', key, unpack(args))
    if #slots <= BATCH then return got end
    for i = 1, #got do values[#values + 1] = got[i] end
  end
  return values
end

local function seat_states(slots)
  return read_fields(SEATS, 'u2', slots)
end

-- Two bytes per seat: category, pool.
local function seat_layouts(slots)
  return read_fields(LAYOUT, 'u16', slots)
end

local function category_of(layout)
  return math.floor(layout / 256)
end

local function set_states(slots, state)
  local text = STATE_TEXT[state]
  if #slots == 1 then return call('BITFIELD', SEATS, 'SET', 'u2', slots[1], text) end
  for from = 1, #slots, BATCH do
    local args, n = {}, 0
    for i = from, math.min(from + BATCH - 1, #slots) do
      args[n + 1], args[n + 2], args[n + 3], args[n + 4] = 'SET', 'u2', slots[i], text
      n = n + 4
    end
    call('BITFIELD', SEATS, unpack(args))
  end
end

local function duplicates(seats)
  local seen, twice = {}, {}
  for i = 1, #seats do
    if seen[seats[i]] then twice[#twice + 1] = seats[i] end
    seen[seats[i]] = true
  end
  return twice
end
