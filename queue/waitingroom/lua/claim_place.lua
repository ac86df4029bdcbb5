-- Turn a called place into a visit, and write its passes.
-- KEYS  [1..10] the room, [11] the identity's bucket
-- ARGV  [1] identity within the bucket  [2] index  [3] visitor  [4] holder
-- Reply {position, visit's end in Unix ms, repeated, reentered}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/claiming.py:claim.

local function repeat_claim(position, visitor, holder, now)
  local ends = tonumber(call('ZSCORE', VISITS, position) or 0)
  if ends <= now then return 'visit_over' end
  if call('HGET', HOLDERS, position) ~= visitor .. '\n' .. holder then return 'holder_differs' end
  write_passes(visitor, position, holder, ends - now)
  return { position, ends, 1, 0 }
end

-- One visitor has one visit: a second place of theirs continues it under the same slot.
local function earlier_visit(visitor)
  local position = visit_of(visitor)
  return position and call('ZSCORE', VISITS, position) and position
end

local function admit(line, position, visitor, holder, now, late)
  local lapsed = state_of(position) == LAPSED
  set_state(position, CLAIMED)
  line[CLAIMS] = line[CLAIMS] + 1
  if lapsed then line[LAPSES] = line[LAPSES] - 1 else line[PENDING] = line[PENDING] - 1 end
  if late then line[REENTRIES] = line[REENTRIES] + 1 end
  note(ADMITTED, line[TURN], string.format('%d', line[CLAIMS]))
  write_line(line)
  local ends = now + plan.visit_ms
  call('ZADD', VISITS, ends, position)
  call('HSET', HOLDERS, position, visitor .. '\n' .. holder)
  write_passes(visitor, position, holder, plan.visit_ms)
  return { position, ends, 0, late and 1 or 0 }
end

return function(keys, args)
  local index, visitor, holder, now = tonumber(args[2]), args[3], args[4], now_ms()
  settle_phase(now)
  local refusal = check_own(keys[11], args[1], index, 0, now)
  if refusal then return refusal end
  local position = position_of(index)
  if not position then return plan.phase == 'closed' and 'room_closed' or 'not_called' end
  local state = state_of(position)
  if state == CLAIMED then return repeat_claim(position, visitor, holder, now) end
  if plan.phase == 'closed' then return 'room_closed' end
  if state == LEFT then return 'left' end

  local line = read_line()
  if position >= line[SERVED] then return 'not_called' end
  if plan.paused == 1 then return 'room_paused' end
  tick(line, now)
  local late = state == LAPSED or is_late(line, position)
  if late and not may_reenter(line, position) then return 'lapsed' end
  forget_visits(now)
  local earlier = earlier_visit(visitor)
  if call('ZCARD', VISITS) - (earlier and 1 or 0) >= plan.cap then return 'full' end
  if claimed_this_minute(line) >= plan.rate_per_min then return 'busy' end
  if earlier then
    call('ZREM', VISITS, earlier)
    call('HDEL', HOLDERS, earlier)
  end
  return admit(line, position, visitor, holder, now, late)
end
