-- Stop the show's clock at an instant, or let it run again. For tests and rehearsals only.
-- KEYS  [1..14] the show
-- ARGV  [1] Unix ms, 0: the store's own clock
-- Reply ok; or a refusal.
return function(_, args)
  config.clock_ms = tonumber(args[1])
  write_config()
  return answer('ok')
end
