-- Put back a place that its token proves and the store may have forgotten.
-- KEYS  [1..10] the room, [11] the identity's bucket
-- ARGV  [1] identity within the bucket  [2] index  [3] tier
-- Reply as of join_line; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/joining.py:restore.
return function(keys, args)
  local index, now = tonumber(args[2]), now_ms()
  settle_phase(now)
  if plan.phase == 'closed' then return 'room_closed' end
  local refusal = check_own(keys[11], args[1], index, tonumber(args[3]), now)
  if refusal then return refusal end
  local position = position_of(index)
  if is_over(position, now) then
    local state = state_of(position)
    return state == CLAIMED and 'visit_over' or state == LEFT and 'left' or 'lapsed'
  end
  return { index, call('HGET', keys[11], args[1]) % TIERS, 0, position or -1, 0, plan.phase }
end
