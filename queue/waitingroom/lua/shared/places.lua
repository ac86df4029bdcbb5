-- Places: two bits each in STATES, by index until the draw, by position from then on. Who joined after the lobby has the
-- same number in both.

local function state_of(slot)
  return call('BITFIELD', STATES, 'GET', 'u2', '#' .. slot)[1]
end

local function set_state(slot, state)
  call('BITFIELD', STATES, 'SET', 'u2', '#' .. slot, state)
end

-- The position of an index; nil before its draw.
local function position_of(index)
  if index >= plan.lobby then return (plan.phase ~= 'lobby' and plan.phase ~= 'planned') and index or nil end
  if plan.drawn == '' then return nil end
  return (struct.unpack('>I4', call('GETRANGE', POSITIONS, 4 * index, 4 * index + 3)))
end

-- Leavers among places nobody was called to yet: there, every bit set belongs to one.
local function left_between(from, to)
  if to <= from then return 0 end
  return call('BITCOUNT', STATES, 2 * from, 2 * to - 1, 'BIT') / 2
end

-- The first place from `from` on that was not left.
local function skip_left(from, limit)
  local bit = call('BITPOS', STATES, 0, 2 * from, -1, 'BIT')
  local to = bit >= 0 and floor(bit / 2) or 4 * call('STRLEN', STATES)
  return min(max(from, to), max(from, limit))
end

local function mark_left(from, to)
  local at = from
  while at < to and at % 4 > 0 do
    set_state(at, LEFT)
    at = at + 1
  end
  local bytes = floor((to - at) / 4)
  if bytes > 0 then call('SETRANGE', STATES, at / 4, string.rep('\255', bytes)) end
  for slot = at + 4 * bytes, to - 1 do set_state(slot, LEFT) end
end

-- Never give out the indices from `from` to below `to`: their places count as left, until a token brings its owner back.
local function skip_indices(from, to)
  local line = read_line()
  mark_left(from, to)
  call('SET', NEXT, to)
  local gaps = line[GAPS]
  gaps[#gaps + 1] = from
  gaps[#gaps + 1] = to
  write_line(line)
end

-- A store that took over from another one has fresh functions and may lack the last second of joins. The indices given out
-- in it must not be given out again, so the first join of each life of the functions skips them; tokens restore their owners.
local lives = {}
local function settle_life(now)
  if lives[PLAN] then return end
  lives[PLAN] = true
  local from = next_index()
  if from == 0 then return end
  skip_indices(from, from + LOST_JOINS_MAX)
  plan.epoch = max(plan.epoch + 1, floor(now / 1000)) -- pages notice it, and show the token the store may have forgotten
  write_plan()
end

-- Whether the closing time has come; 0 is none.
local function closing_time_came(now)
  return plan.closes_ms > 0 and now >= plan.closes_ms
end

-- Move the room on to the phase its time has come for.
local function settle_phase(now)
  local phase = plan.phase
  if plan.phase == 'planned' and now >= plan.opens_lobby_ms then plan.phase = 'lobby' end
  if plan.phase == 'lobby' and now >= plan.draws_ms then
    settle_life(now)
    plan.phase, plan.lobby = 'drawing', next_index()
    if plan.lobby == 0 then plan.phase = 'open' end -- nobody to draw for
  end
  if plan.phase == 'open' and closing_time_came(now) then plan.phase = 'draining' end
  if plan.phase ~= phase then write_plan() end
end

local function is_lost(line, index)
  local gaps = line[GAPS]
  for i = 1, #gaps, 2 do
    if index >= gaps[i] and index < gaps[i + 1] then return true end
  end
  return false
end

-- Make a skipped place wait again; if the line has gone on meanwhile, it counts as called.
local function bring_back(line, index, slot)
  local state = WAITING
  if slot < line[SERVED] then
    line[CALLS] = line[CALLS] + 1
    if slot < line[LAPSED_TO] then
      state, line[LAPSES] = LAPSED, line[LAPSES] + 1
    else
      line[PENDING] = line[PENDING] + 1
    end
    write_line(line)
  end
  set_state(slot, state)
  if plan.phase == 'drawing' then call('SADD', LATE, index) end
end

-- Check that the index is the identity's own, restoring it if the store forgot; replies a refusal or nothing.
local function check_own(bucket, field, index, tier, now)
  local known = call('HGET', bucket, field)
  if known then
    if floor(known / TIERS) ~= index then return 'place_superseded' end
    return nil
  end
  settle_life(now)
  local slot = position_of(index) or index
  if index >= next_index() or state_of(slot) ~= LEFT then return 'place_unknown' end
  local line = read_line()
  if not is_lost(line, index) then return 'left' end
  bring_back(line, index, slot)
  call('HSET', bucket, field, index * TIERS + tier)
end
