-- Let go of holds that are due, the longest due first. Holds in payment are never due.
-- KEYS  [1..14] the show
-- ARGV  [1] at most so many
-- Reply how many, as a number; 0 for an unknown show.
-- The rule it enforces is seatmap/inventory/rules/lapsing.py:lapse.
return function(_, args)
  local now, lapsed = now_ms(), 0
  while lapsed < tonumber(args[1]) and lapse_oldest(now) do lapsed = lapsed + 1 end
  return lapsed
end
