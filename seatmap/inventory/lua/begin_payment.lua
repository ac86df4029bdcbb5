-- Freeze the visitor's hold for one order's payment: it no longer lapses and nobody changes it.
-- KEYS  [1..14] the show
-- ARGV  [1] visitor  [2] hold id  [3] order id  [4] deadline in Unix ms, after which the payment is overdue
-- Reply ok, position, the hold; or a refusal. Repeating it for the same order can only move the deadline later.
-- The rule it enforces is seatmap/inventory/rules/selling.py:begin_payment.
return function(_, args)
  local visitor, order, deadline = args[1], args[3], tonumber(args[4])
  local hold = live_hold(visitor, now_ms())
  if not hold or hold[ID] ~= args[2] then return refuse('hold_gone') end
  if hold[ORDER] ~= '' and hold[ORDER] ~= order then return refuse('hold_paying') end
  if hold[ORDER] == order and hold[UNTIL] >= deadline then return answer('ok', nil, pack(hold)) end
  hold[ORDER], hold[UNTIL] = order, deadline
  call('ZREM', EXPIRY, visitor)
  call('ZADD', PAYING, deadline, visitor)
  return answer_hold('paying', visitor, hold)
end
