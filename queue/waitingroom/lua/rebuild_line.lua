-- Make a room again that the store lost, from a copy; who has which place is in the buckets already.
-- KEYS  [1..10] the room, [11] rooms of the event, [12] staged states, [13] staged positions
-- ARGV  [1] MessagePack map: plan, line, next, skip from, ledgers {turn, row, ...}, visits {position, end, holder, ...}  [2] room id
-- Reply {phase, paused, passthrough, changed}, changed 0 for a room the store knows; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/rebuilding.py:rebuild.

local function put(ledger, rows)
  for i = 1, #rows, 2 do call('ZADD', ledger, rows[i], rows[i + 1]) end
end

-- Visits go on where they were, and so do their passes.
local function resume_visits(visits, now)
  for i = 1, #visits, 3 do
    local position, ends, who = visits[i], visits[i + 1], visits[i + 2]
    local visitor, holder = string.match(who, '^(.-)\n(.*)$')
    if ends > now and visitor then
      call('ZADD', VISITS, ends, position)
      call('HSET', HOLDERS, position, who)
      write_passes(visitor, position, holder, ends - now)
    end
  end
end

return function(keys, args)
  if plan then
    settle_phase(now_ms())
    return { plan.phase, plan.paused, plan.passthrough, 0 }
  end
  local copy = unpack_value(args[1])
  plan = copy.plan
  local now, line = now_ms(), copy.line
  local second = floor(now / 1000)
  plan.epoch = max(plan.epoch + 1, second)
  -- The outage counts for nobody's turn; no leader of before can have a higher fence: they change less often than once a second.
  line[SEEN], line[FENCE], line[LEADER], line[LEAD_UNTIL] = now, max(line[FENCE], second), '', 0
  call('SADD', keys[11], args[2])
  write_plan()
  write_line(line)
  call('SET', NEXT, copy.next)
  call('RENAME', keys[12], STATES)
  call('PERSIST', STATES)
  if call('EXISTS', keys[13]) == 1 then
    call('RENAME', keys[13], POSITIONS)
    call('PERSIST', POSITIONS)
  end
  put(CALLED, copy.called)
  put(ADMITTED, copy.admitted)
  resume_visits(copy.visits, now)
  lives[PLAN] = true
  if copy.skip_from < copy.next or now >= plan.opens_lobby_ms then
    skip_indices(copy.skip_from, copy.next + LOST_JOINS_MAX)
  end
  settle_phase(now)
  return { plan.phase, plan.paused, plan.passthrough, 1 }
end
