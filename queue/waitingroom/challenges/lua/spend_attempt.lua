-- Take one attempt out of every allowance, or out of none; then spend the solution, once.
-- KEYS  [1] the solution's memory, or any key of the room when there is no solution  [2…] one per allowance
-- ARGV  [1] who spends the solution ("" for none)  [2] for how many seconds to remember it
--       [3…] per allowance: milliseconds per attempt, burst
-- Reply {0, load of the last allowance in 1/10000} spent · {1, number of the allowance (1 first), retry after in ms} too often · {2} replayed
-- The rule it enforces is waitingroom/challenges/attempts.py:spend.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local after, worst, longest, load = {}, 0, 0, 0
for i = 1, #KEYS - 1 do
  local every, burst = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  local paid = tonumber(redis.call('GET', KEYS[1 + i]) or 0)
  after[i] = math.max(now, paid) + every
  local wait = after[i] - now - every * burst
  if wait > longest then
    worst, longest = i, wait
  end
  load = (after[i] - now) / (every * burst)
end
if worst > 0 then
  return {1, worst, longest}
end

for i = 1, #after do
  redis.call('SET', KEYS[1 + i], string.format('%.0f', after[i]), 'PX', after[i] - now)
end
if ARGV[1] ~= '' and not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) then
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return {2}
  end
end
return {0, math.floor(load * 10000)}
