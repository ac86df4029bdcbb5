-- Holds and the feed: every change of a hold is one entry, written where the change is made.

-- Entries are numbered within the show's epoch; writing the number costs 0.4 us, so the last one is kept.
local numbered, numbers
local function entry_numbers(epoch)
  if epoch ~= numbered then numbered, numbers = epoch, epoch .. '-*' end
  return numbers
end

-- One entry, one cause. The first three values are public (state, its seats, areas with what remains), the rest private.
local function publish(cause, visitor, hold_id, order, state, seats, areas, hold)
  local left = #areas == 0 and NONE or {}
  for i = 1, #areas do left[i * 2 - 1], left[i * 2] = areas[i], remaining('a' .. areas[i]) end
  return call('XADD', FEED, 'MAXLEN', '~', FEED_LENGTH, entry_numbers(config.epoch),
    'c', pack({ state, seats, left, cause, visitor, hold_id, order }), 'h', hold or '')
end

local holder_args = {}
local function set_holders(slots, visitor)
  local args = kept(holder_args, #slots)
  for i = 1, #slots do args[i * 2 - 1], args[i * 2] = slots[i], visitor end
  call('HSET', HOLDERS, unpack(args, 1, #slots * 2))
end

local function read_hold(visitor)
  local hold = call('HGET', HOLDS, visitor)
  return hold and unpack_value(hold)
end

-- Returns the seats it had, also as slots.
local function forget_hold(visitor, hold)
  call('HDEL', HOLDS, visitor)
  call('ZREM', hold[ORDER] == '' and EXPIRY or PAYING, visitor)
  local seats = column(hold[HELD_SEATS], SEAT_WIDTH)
  local slots = slots_of(seats)
  if #slots > 0 then call('HDEL', HOLDERS, unpack(slots)) end
  return seats, slots
end

-- Give everything in the hold back and forget it.
local function let_go(visitor, hold, cause)
  local seats, slots = forget_hold(visitor, hold)
  set_states(slots, FREE)
  local demand = demand_of(hold[HELD_SEATS], SEAT_WIDTH, hold[HELD_AREAS], AREA_WIDTH)
  count(demand, 'held', -1)
  return publish(cause, visitor, hold[ID], hold[ORDER], FREE, seats, areas_of(demand))
end

local function is_due(hold, now)
  return hold[ORDER] == '' and hold[EXPIRES] <= now
end

-- The visitor's hold; if it is due, it lapses here and now.
local function live_hold(visitor, now)
  local hold = read_hold(visitor)
  if hold and is_due(hold, now) then
    let_go(visitor, hold, 'lapsed')
    return nil
  end
  return hold
end

-- Lapse the hold that is due the longest; false when none is.
local function lapse_oldest(now)
  local due = call('ZRANGEBYSCORE', EXPIRY, '-inf', now, 'LIMIT', 0, 1)[1]
  if not due then return false end
  let_go(due, read_hold(due), 'lapsed')
  return true
end

-- Store a changed hold, publish it, answer with it.
local function answer_hold(cause, visitor, hold)
  local record = pack(hold)
  call('HSET', HOLDS, visitor, record)
  return answer('ok', publish(cause, visitor, hold[ID], hold[ORDER], FREE, {}, {}, record), record)
end
