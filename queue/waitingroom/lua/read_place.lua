-- Read one place.
-- KEYS  [1..10] the room
-- ARGV  [1] index
-- Reply {position or -1, state, called 0|1, end of its window in Unix ms or -1, re-entry 0|1, end of its visit or -1}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/reading.py:standing.

-- The turn time at which the position was called: the first row that serves it, found by halving.
local function called_at(position)
  local low, high = 0, call('ZCARD', CALLED) - 1
  while low < high do
    local middle = floor((low + high) / 2)
    if served_in(call('ZRANGE', CALLED, middle, middle)[1]) > position then high = middle else low = middle + 1 end
  end
  return tonumber(call('ZRANGE', CALLED, low, low, 'WITHSCORES')[2])
end

return function(_, args)
  local index, now = tonumber(args[1]), now_ms()
  settle_phase(now)
  if index >= next_index() then return 'place_unknown' end
  local position, line = position_of(index), read_line()
  local state = state_of(position or index)
  if not position or position >= line[SERVED] then return { position or -1, state, 0, -1, 0, -1 } end
  if state == CLAIMED then
    local ends = tonumber(call('ZSCORE', VISITS, position) or 0)
    return { position, state, 1, -1, 0, ends > now and ends or -1 }
  end
  if state == LEFT then return { position, state, 1, -1, 0, -1 } end
  tick(line, now)
  local late = state == LAPSED or is_late(line, position)
  if late and not may_reenter(line, position) then return { position, LAPSED, 1, -1, 0, -1 } end
  local windows = late and 1 + plan.reentries or 1
  local ends = now + called_at(position) + windows * plan.claim_window_ms - line[TURN]
  return { position, late and LAPSED or WAITING, 1, ends, late and 1 or 0, -1 }
end
