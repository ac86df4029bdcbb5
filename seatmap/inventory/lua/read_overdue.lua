-- List frozen holds past their payment deadline, the longest overdue first.
-- KEYS  [1..14] the show
-- ARGV  [1] at most so many
-- Reply {order id, hold id, deadline in Unix ms, ...}.
return function(_, args)
  local overdue = {}
  for _, visitor in ipairs(call('ZRANGEBYSCORE', PAYING, '-inf', now_ms(), 'LIMIT', 0, args[1])) do
    local hold, n = read_hold(visitor), #overdue
    overdue[n + 1], overdue[n + 2], overdue[n + 3] = hold[ORDER], hold[ID], hold[UNTIL]
  end
  return overdue
end
