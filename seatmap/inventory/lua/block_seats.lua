-- Take seats off sale, all or none.
-- KEYS  [1..14] the show
-- ARGV  [1] seats: MessagePack {k, ...}, each once  [2] reason
-- Reply ok and position (empty: all were off sale already, the reason is set); or a refusal.
-- The rule it enforces is seatmap/inventory/rules/organising.py:block.
local function set_reason(seats, reason)
  for from = 1, #seats, BATCH do
    local args = {}
    for i = from, math.min(from + BATCH - 1, #seats) do
      args[#args + 1] = seats[i]
      args[#args + 1] = reason
    end
    call('HSET', BLOCKED, unpack(args))
  end
end

return function(_, args)
  local seats, reason = unpack_value(args[1]), args[2]
  local refusal = check_places(seats, {}, 1)
  if refusal then return refusal end
  local slots = slots_of(seats)
  local _, taken = unavailable(seats, slots, now_ms())
  if taken then return refuse('seat_taken', taken) end
  local states, new = seat_states(slots), {}
  for i = 1, #seats do
    if states[i] ~= OFF_SALE then new[#new + 1] = seats[i] end
  end
  set_reason(seats, reason)
  if #new == 0 then return answer('ok') end
  set_states(slots_of(new), OFF_SALE)
  return answer('ok', publish('blocked', '', '', '', OFF_SALE, new, {}))
end
