-- Put blocked seats back on sale; seats that are not blocked are ignored.
-- KEYS  [1..14] the show
-- ARGV  [1] seats: MessagePack {k, ...}, each once
-- Reply ok and position (empty: none was blocked); or a refusal.
-- The rule it enforces is seatmap/inventory/rules/organising.py:unblock.
return function(_, args)
  local seats = unpack_value(args[1])
  local refusal = check_places(seats, {}, 1)
  if refusal then return refusal end
  local states, freed = seat_states(slots_of(seats)), {}
  for i = 1, #seats do
    if states[i] == OFF_SALE then
      freed[#freed + 1] = seats[i]
    end
  end
  if #freed == 0 then return answer('ok') end
  for from = 1, #freed, BATCH do call('HDEL', BLOCKED, unpack(freed, from, math.min(from + BATCH - 1, #freed))) end
  set_states(slots_of(freed), FREE)
  return answer('ok', publish('unblocked', '', '', '', FREE, freed, {}))
end
