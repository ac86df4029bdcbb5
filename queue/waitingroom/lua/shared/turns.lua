-- Turns: two ledgers of running totals by turn time. CALLED rows are `<served>:<calls>`, ADMITTED rows `<claims>`. One row a
-- slot, moved to its latest moment: a call counts in the rate's window up to 250 ms too long, never too short.

local function note(ledger, turn, total)
  local last = call('ZREVRANGE', ledger, 0, 0, 'WITHSCORES')
  if last[1] and floor(last[2] / SLOT_MS) == floor(turn / SLOT_MS) then call('ZREM', ledger, last[1]) end
  call('ZADD', ledger, turn, total)
end

-- The row in force at that turn time.
local function row_at(ledger, turn)
  return call('ZREVRANGEBYSCORE', ledger, turn, '-inf', 'LIMIT', 0, 1)[1]
end

local function served_in(row)
  return row and tonumber(string.match(row, '^%d+')) or 0
end

local function calls_in(row)
  return row and tonumber(string.match(row, '%d+$')) or 0
end

local function forget_before(ledger, turn)
  local old = call('ZCOUNT', ledger, '-inf', turn)
  if old > 1 then call('ZREMRANGEBYRANK', ledger, 0, old - 2) end -- the last one is still in force then
end

local function called_this_minute(line)
  return line[CALLS] - calls_in(row_at(CALLED, line[TURN] - RATE_WINDOW_MS))
end

local function claimed_this_minute(line)
  return line[CLAIMS] - calls_in(row_at(ADMITTED, line[TURN] - RATE_WINDOW_MS))
end

-- Positions below this one have had `windows` claim windows since they were called.
local function lapsed_below(line, windows)
  return served_in(row_at(CALLED, line[TURN] - windows * plan.claim_window_ms))
end

local function is_late(line, position)
  return position < line[LAPSED_TO] or position < lapsed_below(line, 1)
end

local function may_reenter(line, position)
  return plan.reentries > 0 and position >= lapsed_below(line, 1 + plan.reentries)
end

-- Whether a place gives its owner nothing any more, so that joining again means a new one.
local function is_over(position, now)
  if not position then return false end
  local state = state_of(position)
  if state == LEFT then return true end
  if state == CLAIMED then return tonumber(call('ZSCORE', VISITS, position) or 0) <= now end
  local line = read_line()
  if position >= line[SERVED] then return false end
  return is_late(line, position) and not may_reenter(line, position)
end

-- Call everybody up to `served`.
local function advance(line, served, people)
  line[SERVED], line[CALLS], line[PENDING] = served, line[CALLS] + people, line[PENDING] + people
  note(CALLED, line[TURN], string.format('%d:%d', served, line[CALLS]))
end
