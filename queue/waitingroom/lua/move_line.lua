-- Call everybody below a watermark, counted as if nobody had left.
-- KEYS  [1..10] the room
-- ARGV  [1] fence  [2] watermark
-- Reply {served, people called by this move, calls left in the rate's window, turn clock}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/calling.py:move.
local STEPS_MAX = 200 -- what a line of nothing but leavers could cost; the rest is called by the next tick

-- Go on until `people` waiting places are passed; leavers cost nothing.
local function reach(from, people, limit)
  local to, found, steps = from, 0, 0
  while found < people and to < limit and steps < STEPS_MAX do
    to = skip_left(to, limit)
    local far = min(limit, to + people - found)
    found = found + far - to - left_between(to, far)
    to, steps = far, steps + 1
  end
  return to, found
end

return function(_, args)
  local line, now = read_line(), now_ms()
  if line[FENCE] ~= tonumber(args[1]) then return 'fenced' end
  settle_phase(now)
  if plan.phase == 'closed' then return 'room_closed' end
  if plan.phase ~= 'open' and plan.phase ~= 'draining' then return 'room_not_open' end
  tick(line, now)
  if plan.paused == 1 then
    write_line(line)
    return 'room_paused'
  end
  local windows = max(RATE_WINDOW_MS, (1 + plan.reentries) * plan.claim_window_ms)
  forget_before(CALLED, line[TURN] - windows)
  forget_before(ADMITTED, line[TURN] - RATE_WINDOW_MS)
  local may = max(0, plan.rate_per_min * CALLS_PER_ADMISSION_MAX - called_this_minute(line))
  local served, people = reach(line[SERVED], min(may, tonumber(args[2]) - line[SERVED]), next_index())
  if people > 0 then advance(line, served, people) end
  write_line(line)
  return { line[SERVED], people, may - people, line[TURN] }
end
