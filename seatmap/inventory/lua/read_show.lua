-- Read position, configuration, all seats and what remains of each area at one instant.
-- KEYS  [1..14] the show
-- Reply {position, config, seats, {remaining, ...}, now in Unix ms}; or a refusal.
-- The rule it enforces is seatmap/inventory/rules/state.py:snapshot.
return function()
  local left = {}
  for a = 0, config.areas - 1 do left[a + 1] = remaining('a' .. a) end
  local last = call('XREVRANGE', FEED, '+', '-', 'COUNT', 1)[1]
  return { last[1], call('GET', CONFIG), call('GET', SEATS), left, now_ms() }
end
