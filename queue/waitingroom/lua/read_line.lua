-- Read every number of the room at one instant.
-- KEYS  [1..10] the room
-- Reply {plan, line, now in Unix ms, next, waiting, visits, called this minute, claimed this minute}, plan and line as stored.
-- The rule it enforces is queue/waitingroom/rules/reading.py:line_state.
return function()
  local now = now_ms()
  settle_phase(now)
  forget_visits(now)
  local line, next_one = read_line(), next_index()
  if plan.paused == 0 and (plan.phase == 'open' or plan.phase == 'draining') then tick(line, now) end
  local waiting = next_one - line[SERVED] - left_between(line[SERVED], next_one)
  local visits = call('ZCARD', VISITS) - call('ZCOUNT', VISITS, '-inf', now)
  local minute = { called_this_minute(line), claimed_this_minute(line) }
  return { pack(plan), pack(line), now, next_one, waiting, visits, minute[1], minute[2] }
end
