-- End a visitor's visit early: its passes go and its slot under the cap is free.
-- KEYS  [1..10] the room
-- ARGV  [1] visitor  [2] position
-- Reply {ended 0|1}.
-- The rule it enforces is queue/waitingroom/rules/leaving.py:end_visit.
return function(_, args)
  local visitor, position = args[1], args[2]
  if call('GET', visit_key(visitor)) ~= room_id() .. ':' .. position then return { 0 } end
  if not end_visit(position, visitor) then return { 0 } end
  local line = read_line()
  line[ENDED] = line[ENDED] + 1
  write_line(line)
  return { 1 }
end
