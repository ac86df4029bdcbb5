-- Stop the room's clock at an instant, or let it run again. For tests and rehearsals only.
-- KEYS  [1..10] the room
-- ARGV  [1] Unix ms, 0: the store's own clock
-- Reply {}.
return function(_, args)
  plan.clock_ms = tonumber(args[1])
  write_plan()
  return {}
end
