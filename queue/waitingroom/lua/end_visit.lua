-- End a visitor's visit early: its passes go and its slot under the cap is free.
-- KEYS  [1..10] the room
-- ARGV  [1] visitor
-- Reply {ended 0|1}.
-- The rule it enforces is queue/waitingroom/rules/leaving.py:end_visit.
return function(_, args)
  local visitor = args[1]
  local position = visit_of(visitor)
  if not position or not end_visit(position, visitor) then return { 0 } end
  local line = read_line()
  line[ENDED] = line[ENDED] + 1
  write_line(line)
  return { 1 }
end
