-- Read the visitor's hold unless it is due.
-- KEYS  [1..14] the show
-- ARGV  [1] visitor
-- Reply the hold, or nothing.
return function(_, args)
  local hold = read_hold(args[1])
  return hold and not is_due(hold, now_ms()) and pack(hold)
end
