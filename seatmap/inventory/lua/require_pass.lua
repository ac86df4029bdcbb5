-- Say whether holding needs a waiting-room pass from now on. Holds that exist stay.
-- KEYS  [1..14] the show
-- ARGV  [1] required 0|1
-- Reply ok and position (empty: nothing changed); or a refusal.
-- The rule it enforces is seatmap/inventory/rules/organising.py:require_pass.
return function(_, args)
  local required = tonumber(args[1])
  if config.pass_required == required then return answer('ok') end
  config.pass_required = required
  write_config()
  return answer('ok', publish('phase', '', '', '', FREE, {}, {}))
end
