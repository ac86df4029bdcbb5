-- Become, or stay, the one who moves the line.
-- KEYS  [1..10] the room
-- ARGV  [1] name  [2] for so many ms
-- Reply {fence}, {} while another leads.
-- The rule it enforces is queue/waitingroom/rules/calling.py:lead.
return function(_, args)
  local now = now_ms()
  settle_life(now) -- the first tick of a life: who was forgotten should not have to wait for somebody to join
  local line = read_line()
  local led = line[LEAD_UNTIL] > now
  if led and line[LEADER] ~= args[1] then return {} end
  if not led then line[FENCE] = line[FENCE] + 1 end
  line[LEADER], line[LEAD_UNTIL] = args[1], now + args[2]
  write_line(line)
  return { line[FENCE] }
end
