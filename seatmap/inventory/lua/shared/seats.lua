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

-- Argument tables of small calls are kept and overwritten: growing a new one costs a microsecond.
local read_args, write_args = {}, {}
local function kept(tables, size)
  local args = tables[size] or {}
  if size <= 16 then tables[size] = args end
  return args
end

local function read_batch(key, width, slots, from, to)
  local size = to - from + 1
  local args = kept(read_args, size)
  for i = 1, size do
    local n = i * 3
    args[n - 2], args[n - 1], args[n] = 'GET', width, slots[from + i - 1]
  end
  return call('BITFIELD', key, unpack(args, 1, size * 3))
end

local function read_fields(key, width, slots)
  if #slots == 0 then return {} end
  if #slots <= BATCH then return read_batch(key, width, slots, 1, #slots) end
  local values = {}
  for from = 1, #slots, BATCH do
    for _, value in ipairs(read_batch(key, width, slots, from, math.min(from + BATCH - 1, #slots))) do
      values[#values + 1] = value
    end
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
  for from = 1, #slots, BATCH do
    local size = math.min(BATCH, #slots - from + 1)
    local args = kept(write_args, size)
    for i = 1, size do
      local n = i * 4
      args[n - 3], args[n - 2], args[n - 1], args[n] = 'SET', 'u2', slots[from + i - 1], text
    end
    call('BITFIELD', SEATS, unpack(args, 1, size * 4))
  end
end

local function duplicates(seats)
  if #seats < 2 then return end
  local seen, twice = {}, nil
  for i = 1, #seats do
    if seen[seats[i]] then twice = also(twice, seats[i]) end
    seen[seats[i]] = true
  end
  return twice
end
