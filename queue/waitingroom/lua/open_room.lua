-- Create a room, or change its settings. The line itself is never touched.
-- KEYS  [1..10] the room, [11] rooms of the event
-- ARGV  [1] settings: MessagePack map  [2] room id  [3] 1 when it may be new, 0 when the store should know it
-- Reply {phase, paused, passthrough, changed}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/phases.py:open_room.
return function(keys, args)
  local settings = unpack_value(args[1])
  if not plan and args[3] == '0' then return 'room_unknown' end
  call('SADD', keys[11], args[2])
  if not plan then
    plan = settings
    plan.phase, plan.paused, plan.passthrough, plan.lobby, plan.drawn, plan.clock_ms = 'planned', 0, 0, 0, '', 0
    local now = now_ms()
    plan.epoch = floor(now / 1000)
    write_plan()
    write_line({ 0, 0, 0, 0, now, 0, 0, 0, 0, 0, 0, 0, '', 0, {} })
    call('SET', NEXT, 0)
    settle_phase(now)
    return { plan.phase, 0, 0, 1 }
  end
  local now = now_ms()
  settle_phase(now)
  if plan.phase == 'lobby' and settings.draws_ms < plan.draws_ms then return 'draw_announced' end
  local before = pack(plan)
  for name, value in pairs(settings) do plan[name] = value end
  local changed = pack(plan) ~= before
  if changed then write_plan() end
  settle_phase(now)
  return { plan.phase, plan.paused, plan.passthrough, changed and 1 or 0 }
end
