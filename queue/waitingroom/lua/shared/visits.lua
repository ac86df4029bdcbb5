-- Visits: VISITS has positions by their visit's end, HOLDERS who they are. The names of passes are made here, from the room's
-- own list of shows: no caller is trusted for it, and the hash tag is the room's, so they are in the same slot.
local SWEEP = 100 -- visits forgotten per call: never more work than a claim can bear

local function event_prefix()
  return string.match(PLAN, '^{e:%d+}:')
end

local function room_id()
  return string.match(PLAN, ':r:(%d+):')
end

local function visit_key(visitor)
  return string.sub(PLAN, 1, -5) .. 'visit:' .. visitor
end

-- The position a visitor's visit in this room came from, as far as the store knows.
local function visit_of(visitor)
  return tonumber(call('GET', visit_key(visitor)) or nil)
end

local function write_passes(visitor, position, holder, left_ms)
  local event, room = event_prefix(), room_id()
  for _, show in ipairs(plan.shows) do
    call('SET', event .. 's:' .. show .. ':pass:' .. visitor, room .. ':' .. holder, 'PX', left_ms)
  end
  call('SET', visit_key(visitor), position, 'PX', left_ms)
end

local function forget_visits(now)
  local over = call('ZRANGEBYSCORE', VISITS, '-inf', now, 'LIMIT', 0, SWEEP)
  if #over > 0 then
    call('ZREM', VISITS, unpack(over))
    call('HDEL', HOLDERS, unpack(over))
  end
end

-- End the visit of a position; says whether there was one.
local function end_visit(position, visitor)
  call('HDEL', HOLDERS, position)
  if call('ZREM', VISITS, position) == 0 then return false end
  if visit_of(visitor) == tonumber(position) then
    local event = event_prefix()
    for _, show in ipairs(plan.shows) do call('DEL', event .. 's:' .. show .. ':pass:' .. visitor) end
    call('DEL', visit_key(visitor))
  end
  return true
end
