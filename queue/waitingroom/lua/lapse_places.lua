-- Let called places lapse whose window has passed, a bounded number of positions at a time.
-- KEYS  [1..10] the room
-- ARGV  [1] at most so many positions
-- Reply {lapsed, more 0|1}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/leaving.py:lapse.
return function(_, args)
  local now, line, lapsed = now_ms(), read_line(), 0
  settle_phase(now)
  forget_visits(now)
  if plan.phase ~= 'open' and plan.phase ~= 'draining' then return { 0, 0 } end
  tick(line, now)
  local due = lapsed_below(line, 1)
  local to = max(line[LAPSED_TO], min(due, line[LAPSED_TO] + tonumber(args[1])))
  for position = line[LAPSED_TO], to - 1 do
    if state_of(position) == WAITING then
      set_state(position, LAPSED)
      lapsed = lapsed + 1
    end
  end
  line[LAPSED_TO], line[LAPSES], line[PENDING] = to, line[LAPSES] + lapsed, line[PENDING] - lapsed
  write_line(line)
  return { lapsed, to < due and 1 or 0 }
end
