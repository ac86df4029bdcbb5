-- Move the room on and set its flags.
-- KEYS  [1..10] the room
-- ARGV  [1] phase or ''  [2] paused 0|1 or ''  [3] passthrough 0|1 or ''
-- Reply {phase, paused, passthrough, changed}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/phases.py:set_phase.
local REACHABLE = {
  planned = { lobby = true, closed = true },
  lobby = { closed = true },
  drawing = { closed = true },
  open = { draining = true, closed = true },
  draining = { open = true, closed = true },
  closed = {},
}

return function(_, args)
  local now, phase = now_ms(), args[1]
  settle_phase(now)
  if phase ~= '' and phase ~= plan.phase and not REACHABLE[plan.phase][phase] then return 'phase_not_reachable' end
  if phase == 'open' and phase ~= plan.phase and closing_time_came(now) then return 'phase_not_reachable' end
  local paused = args[2] == '' and plan.paused or tonumber(args[2])
  local through = args[3] == '' and plan.passthrough or tonumber(args[3])
  if phase == '' then phase = plan.phase end
  if phase == plan.phase and paused == plan.paused and through == plan.passthrough then
    return { phase, paused, through, 0 }
  end
  if paused ~= plan.paused then -- the turn clock runs up to the pause, and on from its end
    local line = read_line()
    tick(line, now)
    write_line(line)
  end
  if plan.phase == 'lobby' and phase == 'closed' then plan.lobby = next_index() end -- its places never get positions
  plan.phase, plan.paused, plan.passthrough = phase, paused, through
  write_plan()
  return { phase, paused, through, 1 }
end
