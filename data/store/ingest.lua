#!lua
-- One batch of messages in one atomic write: state, geo index, history, change stream, counters.
-- KEYS[1]: the city's hash tag. ARGV[1]: JSON list of entries, ARGV[2]: longest change stream,
-- ARGV[3]: longest dead-letter stream, ARGV[4]: most unknown senders kept.
--
-- Entries (times are strings of milliseconds):
--   {"e", counted feed, feed, id, kind, slot, event, received, source, flags, track, value,
--         lon, lat, mode, format}   mode: "" | "thin" | "stored" (retained copy without a time)
--                                         | "assumed" (no time, received time taken) | "again" (the same, redelivered)
--   {"h", feed, sender, event, received, queue}                       heartbeat
--   {"r", counted feed, format, code, reason, topic, excerpt, received, sender}   refused
--   {"i", counted feed, format, type}                                 ignored
-- Answers one letter an entry: a accepted, l accepted late, t accepted and thinned,
-- d duplicate, i ignored, r refused.
local tag = KEYS[1]
local call = redis.call
local counts, latest = {}, {}

local function count(key, field, n)
  local row = counts[key]
  if not row then row = {}; counts[key] = row end
  row[field] = (row[field] or 0) + (n or 1)
end

local function counted(feed, format, field, also)
  local key = tag .. ':count:' .. feed
  count(key, 'received'); count(key, field)
  if also then count(key, also) end
  if format and format ~= '' then
    key = tag .. ':format:' .. format
    count(key, 'received'); count(key, field)
    if also then count(key, also) end
  end
end

local function heard(feed, event, received)
  local row = latest[feed]
  if not row then row = {event = 0, heard = 0}; latest[feed] = row end
  if event > row.event then row.event = event end
  if received > row.heard then row.heard = received end
end

local MOST_WALKED = 10000  -- rows of an object's history looked at for one `since`
local MOST_WALKED_A_BATCH = 100000  -- the same for all of a batch: about 0.3 s in which the server does nothing else
local walked = 0
local MOST_MARKED = 50000  -- longest history that still takes digests of a flood's thinned messages
local SLOT = '^(%-?%d+)|(%d+)|(%-?%d+)|(%a*)|([%a_,]*)|([^|]*)|(.*)$'

-- Of two rows of the same time the larger wins: by bytes, as the sorted set orders them (Lua's own
-- comparison asks the server's locale).
local function after(a, b)
  for n = 1, math.min(#a, #b) do
    local x, y = string.byte(a, n), string.byte(b, n)
    if x ~= y then return x > y end
  end
  return #a > #b
end

-- Since when the value at `from` holds, told from the history alone, so that messages that arrive
-- out of order leave the same `since` as in order. Bounded, so that no sender can hold up the server.
local function since_from_history(hist, slot, from, track, before)
  local since, at, size = from, 0, 50
  while at < MOST_WALKED and walked < MOST_WALKED_A_BATCH do
    local rows = call('ZREVRANGEBYSCORE', hist, from, '-inf', 'LIMIT', at, size)
    for _, row in ipairs(rows) do
      local t, s, _, k = string.match(row, '^(%-?%d+)|([^|]*)|(%a*)|([^|]*)|')
      if s == slot then
        if k ~= track then return since end
        since = tonumber(t)
      end
    end
    walked = walked + #rows
    if #rows < size then break end
    at, size = at + size, 500
  end
  if before < since then return before end
  return since
end

local function event(e)
  local cfeed, feed, id, kind, slot = e[2], e[3], e[4], e[5], e[6]
  local event_s, received_s, source, flags, track, value = e[7], e[8], e[9], e[10], e[11], e[12]
  local mode, format = e[15], e[16]
  local t = tonumber(event_s)
  local obj = tag .. ':obj:' .. feed .. ':' .. id
  local hist = tag .. ':hist:' .. feed .. ':' .. id
  local have = call('HMGET', obj, slot, '~thin')
  local old_t, old_since, old_source, old_flags, old_track, old_value
  if have[1] then
    local a, _, c, o, f, k, v = string.match(have[1], SLOT)
    old_t, old_since, old_source, old_flags, old_track, old_value = tonumber(a), tonumber(c), o, f, k, v
  end
  -- a broker's stored copy says nothing of whether the device still lives
  if mode ~= 'stored' then heard(cfeed, t, tonumber(received_s)) end

  if mode == 'stored' then
    -- a broker's stored copy without a time: only where nothing is known, and of unknown age
    if old_t then
      if old_value == value then counted(cfeed, format, 'duplicates'); return 'd' end
      counted(cfeed, format, 'ignored'); return 'i'
    end
    t, event_s = 0, '0'
  elseif old_t and old_t == t and old_value == value and old_source == source then
    counted(cfeed, format, 'duplicates'); return 'd'
  elseif (mode == 'assumed' or mode == 'again') and old_t and old_value == value
      and string.find(old_flags, 'time_assumed', 1, true) and (mode == 'again' or t - old_t < 60000) then
    counted(cfeed, format, 'duplicates'); return 'd'
  end

  local head = event_s .. '|' .. slot .. '|' .. source .. '|' .. track .. '|'
  local letter, thinned = 'a', nil
  if mode ~= 'stored' then
    local short = nil
    if mode == 'thin' or have[2] then
      short = head .. '#' .. string.sub(redis.sha1hex(value), 1, 16)
      if call('ZSCORE', hist, short) then counted(cfeed, format, 'duplicates'); return 'd' end
    end
    if mode == 'thin' then
      if call('ZSCORE', hist, head .. value) then counted(cfeed, format, 'duplicates'); return 'd' end
      local second = t - t % 1000
      if call('ZCOUNT', hist, second, second + 999) > 0 then
        if call('ZCARD', hist) < MOST_MARKED then
          call('ZADD', hist, t, short)
          if not have[2] then call('HSET', obj, '~thin', '1') end
        end
        thinned, letter = 'thinned', 't'
      end
    end
    if not thinned and call('ZADD', hist, 'NX', t, head .. value) == 0 then
      counted(cfeed, format, 'duplicates'); return 'd'
    end
  end

  -- equal times: the larger row wins, so that every order of arrival ends the same
  local tail = source .. '|' .. track .. '|' .. value
  local newest = not old_t or t > old_t
      or (t == old_t and after(tail, old_source .. '|' .. old_track .. '|' .. old_value))
  local late = old_t and t < old_t
  if newest then
    local since = t
    if old_t and track ~= '' and old_track == track then since = old_since end
    call('HSET', obj, slot, event_s .. '|' .. received_s .. '|' .. string.format('%.0f', since)
      .. '|' .. source .. '|' .. flags .. '|' .. track .. '|' .. value)
    if not old_t then call('SADD', tag .. ':ids:' .. feed, id) end
    if e[13] ~= '' then call('GEOADD', tag .. ':geo:' .. feed, e[13], e[14], id) end
  elseif old_track ~= '' and (track == old_track) == (t < old_since) then
    -- it makes the present value's stretch longer, or cuts it in two
    local since = since_from_history(hist, slot, t < old_since and old_since or old_t, old_track, old_since)
    if since ~= old_since then
      local a, b, _, d, f, k, v = string.match(have[1], SLOT)
      call('HSET', obj, slot, a .. '|' .. b .. '|' .. string.format('%.0f', since) .. '|' .. d .. '|' .. f
        .. '|' .. k .. '|' .. v)
    end
  end
  if not thinned then
    call('XADD', tag .. ':changes', 'MAXLEN', '~', ARGV[2], '*', 'f', feed, 'i', id, 'k', kind, 's', slot,
      't', event_s, 'r', received_s, 'o', source, 'g', flags, 'v', value)
  elseif newest then
    call('XADD', tag .. ':changes', 'MAXLEN', '~', ARGV[2], '*', 'f', feed, 'i', id)
  end
  count(tag .. ':sources', source)
  if late then
    counted(cfeed, format, 'accepted', 'late')
    if thinned then count(tag .. ':count:' .. cfeed, 'thinned') end
    if letter == 'a' then letter = 'l' end
  else
    counted(cfeed, format, 'accepted', thinned)
  end
  return letter
end

local function heartbeat(e)
  local feed, sender, t, received = e[2], e[3], tonumber(e[4]), tonumber(e[5])
  local key = tag .. ':senders:' .. feed
  local old = call('HGET', key, sender)
  heard(feed, 0, received)
  if old and tonumber(string.match(old, '^(%d+)')) >= t then
    counted(feed, '', 'duplicates'); return 'd'
  end
  if old or call('HLEN', key) < tonumber(ARGV[4]) then
    call('HSET', key, sender, e[4] .. '|' .. e[5] .. '|' .. e[6])
  end
  counted(feed, '', 'accepted'); return 'a'
end

local function refused(e)
  local cfeed, format, code, sender = e[2], e[3], e[4], e[9]
  call('XADD', tag .. ':dead', 'MAXLEN', '~', ARGV[3], '*', 'topic', e[6], 'reason', e[5], 'excerpt', e[7],
    'received', e[8], 'feed', cfeed, 'code', code)
  count(tag .. ':reasons', code)
  counted(cfeed, format, 'rejected')
  if sender ~= '' then
    local key = tag .. ':unknown'
    local old = call('HGET', key, sender)
    local row
    if old then
      row = cjson.decode(old)
    elseif call('HLEN', key) < tonumber(ARGV[4]) then
      row = {sender = sender, format = format, topic = e[6], feed = cfeed, first_seen = e[8], count = 0}
    end
    if row then
      row.count = row.count + 1
      row.last_seen, row.topic = e[8], e[6]
      call('HSET', key, sender, cjson.encode(row))
    end
  end
  return 'r'
end

local function ignored(e)
  counted(e[2], e[3], 'ignored')
  if e[3] ~= '' then count(tag .. ':format:' .. e[3], 'ignored:' .. e[4]) end
  return 'i'
end

local letters = {}
for n, e in ipairs(cjson.decode(ARGV[1])) do
  local what = e[1]
  if what == 'e' then letters[n] = event(e)
  elseif what == 'h' then letters[n] = heartbeat(e)
  elseif what == 'r' then letters[n] = refused(e)
  else letters[n] = ignored(e) end
end

for key, row in pairs(counts) do
  for field, n in pairs(row) do call('HINCRBY', key, field, n) end
end
for feed, row in pairs(latest) do
  local key = tag .. ':count:' .. feed
  local old = call('HMGET', key, 'last_event', 'last_heard', 'first_heard')
  if row.event > tonumber(old[1] or '0') then call('HSET', key, 'last_event', string.format('%.0f', row.event)) end
  if row.heard > tonumber(old[2] or '0') then call('HSET', key, 'last_heard', string.format('%.0f', row.heard)) end
  if not old[3] then call('HSET', key, 'first_heard', string.format('%.0f', row.heard)) end
end
return table.concat(letters)
