-- Thaw a frozen hold after its payment failed or was cancelled, or let it go.
-- KEYS  [1..14] the show
-- ARGV  [1] visitor  [2] hold id  [3] order id  [4] release 0|1
-- Reply ok, position, the hold (empty: released); or a refusal.
-- The rule it enforces is seatmap/inventory/rules/selling.py:end_payment.
return function(_, args)
  local visitor, hold = args[1], read_hold(args[1])
  if not hold or hold[ID] ~= args[2] then return refuse('hold_gone') end
  if hold[ORDER] ~= '' and hold[ORDER] ~= args[3] then return refuse('hold_paying') end
  if args[4] == '1' then return answer('ok', let_go(visitor, hold, 'payment_ended')) end
  if hold[ORDER] == '' then return answer('ok', nil, pack(hold)) end
  local chance = math.min(now_ms() + config.retry_ms, hold[STARTED] + config.life_max_ms)
  hold[EXPIRES], hold[ORDER], hold[UNTIL] = math.max(hold[EXPIRES], chance), '', 0
  call('ZREM', PAYING, visitor)
  call('ZADD', EXPIRY, hold[EXPIRES], visitor)
  return answer_hold('payment_ended', visitor, hold)
end
