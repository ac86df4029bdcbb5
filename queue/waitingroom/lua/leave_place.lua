-- Give a place up, and its visit with it.
-- KEYS  [1..10] the room, [11] the identity's bucket
-- ARGV  [1] identity within the bucket  [2] index
-- Reply {repeated, ended visit}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/leaving.py:leave.
local function leave_visit(position)
  local visitor = string.match(call('HGET', HOLDERS, position) or '', '^(.-)\n')
  return visitor and end_visit(position, visitor) and 1 or 0
end

return function(keys, args)
  local index, now = tonumber(args[2]), now_ms()
  settle_phase(now)
  if plan.phase == 'closed' then return 'room_closed' end
  local refusal = check_own(keys[11], args[1], index, 0, now)
  if refusal == 'left' then return { 1, 0 } end
  if refusal then return refusal end
  local slot, line = position_of(index) or index, read_line()
  local state = state_of(slot)
  if state == CLAIMED then
    local ended = leave_visit(slot)
    line[ENDED] = line[ENDED] + ended
    write_line(line)
    return { 1 - ended, ended }
  end
  call('HDEL', keys[11], args[1])
  set_state(slot, LEFT)
  if plan.phase == 'drawing' then call('SADD', LATE, index) end
  line[LEAVES] = line[LEAVES] + 1
  if state == LAPSED then
    line[LAPSES] = line[LAPSES] - 1
  elseif slot < line[SERVED] then
    line[PENDING] = line[PENDING] - 1
  end
  write_line(line)
  return { 0, 0 }
end
