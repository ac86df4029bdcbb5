-- Prolong the visitor's hold, once, never beyond its maximal life.
-- KEYS  [1..14] the show, [15] the command's memory
-- ARGV  [1] visitor
-- Reply ok, position, the hold; or a refusal. Remembered by command.
-- The rule it enforces is seatmap/inventory/rules/holding.py:extend.
local function extend_hold(_, args)
  local visitor, hold = args[1], live_hold(args[1], now_ms())
  if not hold then return refuse('hold_gone') end
  if hold[ORDER] ~= '' then return refuse('hold_paying') end
  local expires = math.min(hold[EXPIRES] + config.extension_ms, hold[STARTED] + config.life_max_ms)
  if hold[EXTENDED] == 1 or expires <= hold[EXPIRES] then return refuse('already_extended') end
  hold[EXPIRES], hold[EXTENDED] = expires, 1
  call('ZADD', EXPIRY, expires, visitor)
  return answer_hold('extended', visitor, hold)
end

return function(keys, args)
  return remembered(keys[15], extend_hold, keys, args)
end
