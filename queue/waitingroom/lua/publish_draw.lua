-- Put a staged draw in force and open the room: one flip.
-- KEYS  [1..10] the room, [11] staged positions, [12] staged states by position
-- ARGV  [1] name of the draw  [2] how many it places  [3] 1 when it is on record
-- Reply {lobby, repeated 0|1}; or a refusal.
-- The rule it enforces is queue/waitingroom/rules/drawing.py:publish_draw.

-- Places that changed after the states were staged: those left since, or brought back by their token.
local function late_changes()
  local late = call('SMEMBERS', LATE)
  for i = 1, #late do late[i] = { tonumber(late[i]), state_of(late[i]) } end
  return late
end

-- The last byte may belong to the lobby and to those behind it.
local function last_byte(lobby, staged)
  local used = lobby % 4
  if used == 0 then return staged end
  local before = call('GETRANGE', STATES, floor(lobby / 4), floor(lobby / 4))
  local behind = before == '' and 0 or string.byte(before) % 2 ^ (8 - 2 * used)
  return string.sub(staged, 1, -2) .. string.char(string.byte(staged, -1) + behind)
end

-- A draw on record is the truth about the lobby. Indices the store never heard of were given out: their owners have tokens.
local function adopt(lobby)
  local from = next_index()
  if lobby > from then skip_indices(from, lobby) end
  plan.lobby = lobby
  return from
end

return function(keys, args)
  settle_phase(now_ms())
  if plan.phase == 'closed' then return 'room_closed' end
  if plan.drawn ~= '' then
    if plan.drawn == args[1] then return { plan.lobby, 1 } end
    return 'already_drawn'
  end
  if plan.phase == 'planned' or plan.phase == 'lobby' then return 'lobby_open' end
  local lobby = tonumber(args[2])
  if lobby ~= plan.lobby and args[3] == '0' or call('STRLEN', keys[11]) ~= 4 * lobby then return 'lobby_differs' end
  local heard_of = lobby ~= plan.lobby and adopt(lobby) or lobby
  if lobby > 0 then
    local late = late_changes()
    call('RENAME', keys[11], POSITIONS)
    call('PERSIST', POSITIONS)
    call('SETRANGE', STATES, 0, last_byte(lobby, call('GET', keys[12])))
    plan.drawn = args[1]
    -- The states were staged without those.
    for index = heard_of, lobby - 1 do set_state(position_of(index), LEFT) end
    for i = 1, #late do set_state(position_of(late[i][1]), late[i][2]) end
    call('DEL', LATE, keys[12])
  end
  plan.drawn, plan.phase = args[1], plan.phase == 'drawing' and 'open' or plan.phase
  write_plan()
  return { lobby, 0 }
end
