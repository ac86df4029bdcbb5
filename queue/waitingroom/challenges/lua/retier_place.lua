-- Change the tier a place of an open lobby will be drawn in.
-- KEYS  [1] the identity's bucket (its values: join_line.lua)
-- ARGV  [1] identity within the bucket  [2] index  [3] tier  [4] tiers per index
-- Reply 1 changed, or so already · 0 the identity has no place of that index.
local known = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or -1)
if known < 0 or math.floor(known / ARGV[4]) ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', ARGV[2] * ARGV[4] + ARGV[3]))
return 1
