-- What the verbs of this folder share, first part: the show's keys, configuration, clock and replies. scripts.py composes
-- shared parts and verbs into one library (see docs/keys.md).
-- KEYS  [1..14] of every function are the show's keys in the order of `bind`, always all of them, on one hash tag.
-- Reply of every changing function: one string `code \n position \n body`; code is `ok` or a refusal, position the feed
--       entry that made the change (empty: nothing changed), body a MessagePack value or empty.
local SEATS, LAYOUT, CONFIG, SELLS, COUNTERS, HOLDS, HOLDERS, EXPIRY, PAYING, ORDERS, BOUGHT, BLOCKED, PRICES, FEED
local config -- the show's configuration, read once per call; nil for an unknown show

local call, pack, unpack_value -- bound with the keys: the store hides them while a library loads

local FREE, HELD, SOLD, OFF_SALE = 0, 1, 2, 3
-- Constants that only travel to the store are strings: a number costs 0.4 us of conversion per call.
local FEED_LENGTH = '20000'       -- entries kept for resuming gateways: a minute at 300 changes a second
local COMMAND_MEMORY_MS = '600000'
local PLACES_MAX = 1000           -- of one hold; model.py says the same
local BATCH = 1000                -- arguments come in batches: Lua cannot unpack more than about 8000

-- A hold is {id, started, expires, extended 0|1, order id or '', payment deadline or 0, seats, areas}, its seats flat
-- triples k, type, price version; its areas flat quadruples a, type, quantity, price version.
local ID, STARTED, EXPIRES, EXTENDED, ORDER, UNTIL, HELD_SEATS, HELD_AREAS = 1, 2, 3, 4, 5, 6, 7, 8
local SEAT_WIDTH, AREA_WIDTH = 3, 4

-- Decoding the configuration costs 1.4 us, so the last one is kept with the text it came from, and with it what was seen to be
-- sold by it (checks.lua). Whoever changes it writes it with `write_config`, which forgets the copy.
local decoded_text, decoded, decoded_key, seen_sold
local function read_config(text)
  if not text then return nil end
  if text ~= decoded_text or CONFIG ~= decoded_key then
    decoded_text, decoded, decoded_key, seen_sold = text, unpack_value(text), CONFIG, {}
  end
  return decoded
end

local function write_config()
  decoded_text = nil
  call('SET', CONFIG, pack(config))
end

-- Functions live as long as the library, so every call binds its keys and reads its configuration first.
local function bind(keys)
  SEATS, LAYOUT, CONFIG, SELLS, COUNTERS, HOLDS, HOLDERS, EXPIRY, PAYING, ORDERS, BOUGHT, BLOCKED, PRICES, FEED =
    unpack(keys, 1, 14)
  call, pack, unpack_value = redis.call, cmsgpack.pack, cmsgpack.unpack
  config = read_config(call('GET', CONFIG))
end

local function now_ms()
  if config.clock_ms > 0 then return config.clock_ms end -- tests and rehearsals only
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- What is found wrong is listed, and hardly ever is anything: a list begins with its first value, nil is none. The nine lists of
-- a hold, and the entry's number (holds.lua), took 4 of its 30 us.
local NONE = {} -- for readers only
local function also(list, value)
  if not list then return { value } end
  list[#list + 1] = value
  return list
end

local function answer(code, position, body)
  return code .. '\n' .. (position or '') .. '\n' .. (body or '')
end

local function refuse(code, seats, areas, limit)
  return answer(code, nil, pack({ seats or NONE, areas or NONE, limit or -1 }))
end

-- The same command gets the same answer, refusals included.
local function remembered(command, decide, keys, args)
  local reply = call('GET', command)
  if not reply then
    reply = decide(keys, args)
    call('SET', command, reply, 'PX', COMMAND_MEMORY_MS)
  end
  return reply
end
