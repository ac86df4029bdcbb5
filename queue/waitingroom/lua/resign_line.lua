-- Stop leading at once.
-- KEYS  [1..10] the room
-- ARGV  [1] fence
-- Reply {}.
-- The rule it enforces is queue/waitingroom/rules/calling.py:resign.
return function(_, args)
  local line = read_line()
  if line[FENCE] == tonumber(args[1]) then
    line[LEADER], line[LEAD_UNTIL] = '', 0
    write_line(line)
  end
  return {}
end
