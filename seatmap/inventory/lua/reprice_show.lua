-- Put a new price list in force. Holds keep the version they were made at.
-- KEYS  [1..14] the show
-- ARGV  [1] version  [2] the price list, as stored  [3] the (category:type) pairs it prices: MessagePack {string, ...}
-- Reply ok and position (empty: already in force); or a refusal.
-- The rule it enforces is seatmap/inventory/rules/organising.py:reprice.
return function(_, args)
  local version, pairs_priced = tonumber(args[1]), unpack_value(args[3])
  if version < config.price_version then return refuse('price_version_stale', nil, nil, config.price_version) end
  if version == config.price_version then return answer('ok') end
  local known = #pairs_priced == call('HLEN', SELLS)
  for i = 1, #pairs_priced do known = known and call('HEXISTS', SELLS, pairs_priced[i]) == 1 end
  if not known then return refuse('prices_incomplete') end
  call('HSET', PRICES, version, args[2])
  config.price_version = version
  write_config()
  return answer('ok', publish('repriced', '', '', '', FREE, {}, {}))
end
