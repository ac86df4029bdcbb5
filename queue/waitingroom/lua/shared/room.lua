-- What the verbs of this folder share, first part: the room's keys, plan, numbers, clocks and replies. scripts.py composes
-- shared parts and verbs into one library (see docs/keys.md).
-- KEYS  [1..10] of every function are the room's keys in the order of `bind`, always all of them, on one hash tag.
-- Reply of every verb: a refusal is one string, its code; anything else is an array.
local PLAN, NEXT, LINE, STATES, POSITIONS, CALLED, ADMITTED, VISITS, HOLDERS, LATE
local plan -- settings, phase and flags; nil for an unknown room

local call, pack, unpack_value, floor, min, max -- bound with the keys: the store hides them while a library loads

local WAITING, CLAIMED, LAPSED, LEFT = 0, 1, 2, 3
local RATE_WINDOW_MS, SLOT_MS, TURN_STEP_MAX_MS = 60000, 250, 5000 -- model.py says the same, also the next three
local CALLS_PER_ADMISSION_MAX = 2
local LOST_JOINS_MAX = 20000
local TIERS = 8

-- The line's numbers are one MessagePack array: reading all of them costs less than three fields of a hash.
local SERVED, CALLS, PENDING, TURN, SEEN, LAPSED_TO = 1, 2, 3, 4, 5, 6
local CLAIMS, LAPSES, LEAVES, REENTRIES, ENDED = 7, 8, 9, 10, 11
local FENCE, LEADER, LEAD_UNTIL, GAPS = 12, 13, 14, 15

-- Decoding the plan costs 2 us and it seldom changes, so the last one of each room is kept with the text it came from.
local texts, plans, kept = {}, {}, 0
local function read_plan(text)
  if not text then return nil end
  if text ~= texts[PLAN] then
    if kept >= 1000 then texts, plans, kept = {}, {}, 0 end
    if not texts[PLAN] then kept = kept + 1 end
    texts[PLAN], plans[PLAN] = text, unpack_value(text)
  end
  return plans[PLAN]
end

local function write_plan()
  texts[PLAN] = ''
  call('SET', PLAN, pack(plan))
end

-- Functions live as long as the library, so every call binds its keys and reads its plan first.
local function bind(keys)
  PLAN, NEXT, LINE, STATES, POSITIONS, CALLED, ADMITTED, VISITS, HOLDERS, LATE = unpack(keys, 1, 10)
  call, pack, unpack_value = redis.call, cmsgpack.pack, cmsgpack.unpack
  floor, min, max = math.floor, math.min, math.max
  plan = read_plan(call('GET', PLAN))
end

local function read_line()
  return unpack_value(call('GET', LINE))
end

local function write_line(line)
  call('SET', LINE, pack(line))
end

local function now_ms()
  if plan.clock_ms > 0 then return plan.clock_ms end -- tests and rehearsals only
  local time = call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end

-- Move the turn clock to now: never back, never far at once, not at all while the room is paused.
local function tick(line, now)
  if plan.paused == 0 then line[TURN] = line[TURN] + max(0, min(now - line[SEEN], TURN_STEP_MAX_MS)) end
  line[SEEN] = now
end

local function next_index()
  return tonumber(call('GET', NEXT) or 0)
end
