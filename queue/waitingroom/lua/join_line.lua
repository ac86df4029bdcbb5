-- Give an identity a place, or the one it has.
-- KEYS  [1..10] the room, [11] the identity's bucket
-- ARGV  [1] identity within the bucket  [2] tier
-- Reply {index, tier, fresh, position or -1, called, phase}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/joining.py:join.
local REFUSALS = { planned = 'room_not_open', draining = 'room_draining', closed = 'room_closed' }

-- While nobody has to wait, who joins is called at once; when somebody would have to, that ends by itself.
local function call_through(index, now)
  local line = read_line()
  tick(line, now)
  forget_visits(now)
  local free = call('ZCARD', VISITS) + line[PENDING] < plan.cap and called_this_minute(line) < plan.rate_per_min
  if free and skip_left(line[SERVED], index) == index then
    advance(line, index + 1, 1)
    write_line(line)
    return 1
  end
  if plan.auto_passthrough == 1 then
    plan.passthrough = 0
    write_plan()
  end
  return 0
end

return function(keys, args)
  local bucket, field, now = keys[11], args[1], now_ms()
  settle_phase(now)
  local known = call('HGET', bucket, field)
  if known then
    local index, tier = floor(known / TIERS), known % TIERS
    local position = position_of(index)
    if not is_over(position, now) then return { index, tier, 0, position or -1, 0, plan.phase } end
  end
  if REFUSALS[plan.phase] then return REFUSALS[plan.phase] end
  settle_life(now)
  local index = call('INCR', NEXT) - 1
  if index >= plan.capacity_max then
    call('DECR', NEXT)
    return 'room_full'
  end
  call('HSET', bucket, field, index * TIERS + args[2])
  local called = 0
  if plan.passthrough == 1 and plan.phase == 'open' and plan.paused == 0 then called = call_through(index, now) end
  return { index, tonumber(args[2]), 1, position_of(index) or -1, called, plan.phase }
end
