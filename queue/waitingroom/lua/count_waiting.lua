-- Count places not left between neighbouring edges.
-- KEYS  [1..10] the room
-- ARGV  [1] edges: MessagePack {position, ...}, ascending, not below served
-- Reply {count, ...}, one less than edges.
-- The rule it enforces is queue/waitingroom/rules/reading.py:count_waiting.
return function(_, args)
  local edges, counts, last = unpack_value(args[1]), {}, next_index()
  for i = 1, #edges - 1 do
    local from, to = min(edges[i], last), min(edges[i + 1], last)
    counts[i] = to - from - left_between(from, to)
  end
  return counts
end
