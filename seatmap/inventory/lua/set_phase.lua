-- Set when the sale opens and closes and whether it is paused.
-- KEYS  [1..14] the show
-- ARGV  [1] opens in Unix ms  [2] closes in Unix ms, 0: never  [3] paused 0|1
-- Reply ok and position (empty: nothing changed); or a refusal.
-- The rule it enforces is seatmap/inventory/rules/organising.py:set_phase.
return function(_, args)
  local opens, closes, paused = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
  if config.opens_at_ms == opens and config.closes_at_ms == closes and config.paused == paused then return answer('ok') end
  config.opens_at_ms, config.closes_at_ms, config.paused = opens, closes, paused
  write_config()
  return answer('ok', publish('phase', '', '', '', FREE, {}, {}))
end
