-- Copy the room but for who has which place.
-- KEYS  [1..10] the room
-- Reply {plan, line, next, states, called, admitted, visits, holders}, all as the store has them.
-- What is made of it is queue/waitingroom/rules/rebuilding.py:rebuild.
return function()
  settle_phase(now_ms())
  local ledgers = {}
  for i, ledger in ipairs({ CALLED, ADMITTED, VISITS }) do ledgers[i] = call('ZRANGE', ledger, 0, -1, 'WITHSCORES') end
  local states = call('GET', STATES) or ''
  return {
    call('GET', PLAN), call('GET', LINE), next_index(), states,
    ledgers[1], ledgers[2], ledgers[3], call('HGETALL', HOLDERS),
  }
end
