/**
 * A script that runs inside Redis and handles one swarm. An announce is one call, and no other client
 * sees a part of it.
 *
 * The keys of a swarm share a hash tag, its info hash. Four hashes have its peers: leechers and seeds
 * of IPv4, then of IPv6. A field is address and port, as answers have them; its value is a record:
 * peer id (20 bytes), key (4), the period of the last announce (2) and flags (1). Redis chooses
 * random fields by itself, and a hash of a few hundred peers takes less than 40 bytes a peer.
 *
 * The fifth key finds peers that moved: digests of peer id and key lead to address and port. A digest
 * is a hint; the record decides. Digests are spread over further keys, one for each 48 peers (linear
 * hashing), because Redis stores small hashes in a third of the memory. A swarm of up to 48 peers has
 * no digests: all its records are compared. The fifth key also has
 * `d`: completed downloads, `p` and `q`: partial seeds of IPv4 and IPv6, `s`: the number of keys with
 * digests, or 1 for none, `b`: the period of the last search for expired peers, `c`: where that search
 * goes on.
 *
 * Time has periods of a 32nd of the peers' lifetime. Once a period the peers of a swarm are searched
 * for expired ones, a large swarm bit by bit.
 *
 * KEYS: the five. ARGV: see swarm-calls.ts.
 */
export const SWARM_SCRIPT = `
local NO_KEY, SEED, PARTIAL, COMPLETED = '\\0\\0\\0\\0', 1, 4, 8
local RECORD, DIGEST, MOST_IN_SHARD, SEARCHED = 27, 10, 48, 512
local MONTH = 2592000
local call = redis.call
local lists, index = { KEYS[1], KEYS[2], KEYS[3], KEYS[4] }, KEYS[5]
local action, timeout, keeps = ARGV[1], tonumber(ARGV[3]), ARGV[4] == '1'
local now = tonumber(ARGV[2]) or tonumber(call('TIME')[1])
local length = math.max(1, math.floor(timeout / 32))
local period = math.floor(now / length) % 65536
local oldest = math.floor((now - timeout) / length) % 65536

-- A key that no announce concerned for that long has expired peers only
local lifetime = timeout + 2 * length + 60
local endpoint, id, key, event = ARGV[5], ARGV[6], ARGV[7], ARGV[8]

local function garbage(what) error('BTKIT garbage: ' .. what) end

local function number(text)
  if not text then return 0 end
  local value = tonumber(text)
  if not value or value < 0 or value > 4294967295 or value % 1 ~= 0 then garbage('count') end
  return value
end

if action == 'clear' then
  -- Before anything is read, as all of it may be garbage
  local count = redis.pcall('HGET', index, 's')
  count = type(count) == 'string' and tonumber(count) or 0
  for shard = 1, math.max(1024, math.min(100000, count)) - 1 do call('DEL', index .. shard) end
  call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], index)
  return {}
end

local fields = call('HMGET', index, 'd', 'p', 'q', 's', 'b', 'c')
local isKnown, progress = fields[5] ~= false, fields[6] or ''
local wasProgress = progress
local downloaded, shards = number(fields[1]), math.max(1, number(fields[4]))
local partial = { [0] = number(fields[2]), [2] = number(fields[3]) }
for family = 0, 2, 2 do
  -- The whole list may have expired
  if partial[family] > 0 and call('EXISTS', lists[family + 1]) == 0 then partial[family] = 0 end
end
local wasPartial4, wasPartial6 = partial[0], partial[2]

local function shardOf(digest, count)
  local hash, level = tonumber(string.sub(digest, 1, 6), 16), 1
  if not hash then garbage('digest') end
  while level * 2 <= count do level = level * 2 end
  local shard = hash % (level * 2)
  if shard >= count then shard = hash % level end
  return shard == 0 and index or index .. shard
end

local function removeShards(count)
  for shard = 1, count - 1 do call('DEL', index .. shard) end
  shards = 1
end

local function digestOf(endpoint, id, key)
  local whole = key == NO_KEY and 'a' .. string.sub(endpoint, 1, -3) .. id
    or (#endpoint == 6 and '4' or '6') .. key .. id
  return string.sub(redis.sha1hex(whole), 1, DIGEST)
end

local function familyOf(endpoint) return #endpoint == 6 and 0 or 2 end

-- The list and the record of the peer at an address and port
local function peerAt(endpoint)
  local family = familyOf(endpoint)
  for list = family + 1, family + 2 do
    local record = call('HGET', lists[list], endpoint)
    if record and #record ~= RECORD then garbage('record') end
    if record then return list, record end
  end
end

local function isSameAddress(one, other) return string.sub(one, 1, -3) == string.sub(other, 1, -3) end

local function findByDigest(endpoint, id, key)
  local digest = digestOf(endpoint, id, key)
  local other = call('HGET', shardOf(digest, shards), digest)
  if not other or #other ~= #endpoint then return end
  local list, record = peerAt(other)
  if not record or string.sub(record, 1, 24) ~= id .. key then return end
  if key == NO_KEY and not isSameAddress(other, endpoint) then return end
  return other, list, record
end

local function findInAll(endpoint, id, key)
  local other, list, record
  local family = familyOf(endpoint)
  for n = family + 1, family + 2 do
    -- More are only there if the fifth key was lost
    local all = call('HLEN', lists[n]) <= MOST_IN_SHARD and call('HGETALL', lists[n]) or {}
    for at = 1, #all, 2 do
      if string.sub(all[at + 1], 1, 20) == id then
        local itsKey = string.sub(all[at + 1], 21, 24)
        if #all[at + 1] ~= RECORD then garbage('record') end
        if itsKey == key and key ~= NO_KEY then return all[at], n, all[at + 1] end
        if itsKey == NO_KEY and isSameAddress(all[at], endpoint) then
          other, list, record = all[at], n, all[at + 1]
        end
      end
    end
  end
  return other, list, record
end

-- Finds a peer wherever it is: by its key, or without one at the same address
local function findPeer(endpoint, id, key)
  if shards == 1 then return findInAll(endpoint, id, key) end
  local other, list, record = findByDigest(endpoint, id, key)
  if other or key == NO_KEY then return other, list, record end
  return findByDigest(endpoint, id, NO_KEY)
end

local function flagsOf(record) return string.byte(record, RECORD) end

local function countPartial(endpoint, flags, change)
  if flags % 8 < PARTIAL then return end
  local family = familyOf(endpoint)
  partial[family] = math.max(0, partial[family] + change)
end

local function forgetDigest(endpoint, record)
  if shards == 1 then return end
  local digest = digestOf(endpoint, string.sub(record, 1, 20), string.sub(record, 21, 24))
  local shard = shardOf(digest, shards)
  if call('HGET', shard, digest) == endpoint then call('HDEL', shard, digest) end
end

local function removePeer(endpoint, list, record)
  call('HDEL', lists[list], endpoint)
  forgetDigest(endpoint, record)
  countPartial(endpoint, flagsOf(record), -1)
end

local function isOld(record)
  local late = (oldest - struct.unpack('>H', string.sub(record, 25, 26))) % 65536
  return late > 0 and late < 32768
end

-- Removes expired peers, once a period. Returns whether it is the first call of a period
local function search()
  if not isKnown then return true end
  local at, cursor = string.match(progress, '^([1-4]) (%d+)$')
  local isNew = number(fields[5]) ~= period
  if not at then
    if not isNew then return false end
    at, cursor = 1, '0'
  end
  local seen = 0
  at = tonumber(at)
  while at <= 4 and seen < SEARCHED do
    local found = call('HSCAN', lists[at], cursor, 'COUNT', 128)
    cursor = found[1]
    for n = 1, #found[2], 2 do
      local endpoint, record = found[2][n], found[2][n + 1]
      if #record ~= RECORD or #endpoint ~= (at < 3 and 6 or 18) then garbage('peer') end
      if isOld(record) then removePeer(endpoint, at, record) end
    end
    seen = seen + #found[2] / 2
    if cursor == '0' then at = at + 1 end
  end
  progress = at <= 4 and at .. ' ' .. cursor or ''
  return isNew
end

local sizes = {}
local function total()
  for list = 1, 4 do sizes[list] = call('HLEN', lists[list]) end
  return sizes[1] + sizes[2] + sizes[3] + sizes[4]
end

-- The first two keys for digests
local function addDigests()
  shards = 2
  for list = 1, 4 do
    local all = sizes[list] <= 2 * MOST_IN_SHARD and call('HGETALL', lists[list]) or {}
    for at = 1, #all, 2 do
      local digest = digestOf(all[at], string.sub(all[at + 1], 1, 20), string.sub(all[at + 1], 21, 24))
      call('HSET', shardOf(digest, shards), digest, all[at])
    end
  end
end

-- One more key for digests: it takes its share from one other key
local function addShard()
  local level = 1
  while level * 2 <= shards do level = level * 2 end
  local from = shards == level and index or index .. (shards - level)
  local to = index .. shards
  shards = shards + 1
  local all = call('HGETALL', from)
  for at = 1, #all, 2 do
    if #all[at] == DIGEST and shardOf(all[at], shards) == to then
      call('HSET', to, all[at], all[at + 1])
      call('HDEL', from, all[at])
    end
  end
end

local function grow()
  if shards == 1 then addDigests() else addShard() end
  call('HSET', index, 's', shards)
  call('EXPIRE', index .. (shards - 1), lifetime)
end

-- Whether a peer was heard of after what is brought in now
local function isNewer(record, heard)
  if not record or ARGV[13] == '0' then return false end
  local later = (struct.unpack('>H', string.sub(record, 25, 26)) - heard) % 65536
  return later > 0 and later < 32768
end

local ownList
local function put(endpoint, id, key, flags, heard)
  local known, from, record = endpoint, peerAt(endpoint)
  local isSame = record and string.sub(record, 1, 24) == id .. key
  if not isSame then
    local other, otherFrom, otherRecord = findPeer(endpoint, id, key)
    if isNewer(record, heard) or isNewer(otherRecord, heard) then return end
    if other then
      -- The peer that was at the new address before is gone
      if record and other ~= endpoint then removePeer(endpoint, from, record) end
      known, from, record = other, otherFrom, otherRecord
    end
  end
  if isNewer(record, heard) then return end
  local before = record and flagsOf(record) or 0
  if record then countPartial(known, before, -1) end
  local isCounted = event == 'completed' and flags % 2 == SEED and before < COMPLETED
  if isCounted then downloaded = downloaded + 1 end
  if (isCounted or before >= COMPLETED) and flags < COMPLETED then flags = flags + COMPLETED end
  local to = familyOf(endpoint) + 1 + flags % 2
  if record and not isSame then forgetDigest(known, record) end
  if record and (known ~= endpoint or from ~= to) then call('HDEL', lists[from], known) end
  call('HSET', lists[to], endpoint, id .. key .. struct.pack('>HB', heard, flags))
  call('EXPIRE', lists[to], lifetime)
  countPartial(endpoint, flags, 1)
  ownList = to
  if not isSame and shards > 1 then
    local digest = digestOf(endpoint, id, key)
    call('HSET', shardOf(digest, shards), digest, endpoint)
  end
end

local function stop(endpoint, id, key)
  local known, list, record = findPeer(endpoint, id, key)
  if not known then
    known = endpoint
    list, record = peerAt(endpoint)
  end
  if record then removePeer(known, list, record) end
end

local out = { [0] = {}, [2] = {} }
local ids = { [0] = {}, [2] = {} }
local LOOPBACK6 = string.rep('\\0', 15) .. '\\1'

-- The rules are those of choose-peers.ts
local function take(list, wanted, self)
  if wanted <= 0 or sizes[list] == 0 then return end
  local family, withIds = list < 3 and 0 or 2, string.find(ARGV[12], 'i', 1, true)
  local isOwn = ownList == list
  local most = isOwn and wanted + 1 or wanted
  local found = withIds and call('HRANDFIELD', lists[list], most, 'WITHVALUES')
    or call('HRANDFIELD', lists[list], most)
  local step = withIds and 2 or 1
  local skipped = #found + 1
  if isOwn then
    -- One too many: the peer that asks, or any
    if #found == most * step then skipped = 1 + step * math.floor(tonumber(ARGV[11]) * 7919 % 1 * most) end
    for n = 1, #found, step do if found[n] == self then skipped = n end end
  end
  local isNear = string.find(ARGV[12], 'l', 1, true)
  for n = 1, #found, step do
    local peer = found[n]
    if #peer ~= (family == 0 and 6 or 18) then garbage('endpoint') end
    local isLoopback = family == 0 and string.byte(peer) == 127
      or string.sub(peer, 1, -3) == LOOPBACK6
    if n ~= skipped and string.sub(peer, -2) ~= '\\0\\0' and (isNear or not isLoopback) then
      out[family][#out[family] + 1] = peer
      if withIds then
        if #found[n + 1] ~= RECORD then garbage('record') end
        ids[family][#ids[family] + 1] = string.sub(found[n + 1], 1, 20)
      end
    end
  end
end

local function chooseFamily(family, wanted, self, wantsSeeds)
  local leechers = sizes[family + 1] - (ownList == family + 1 and 1 or 0)
  local seeds = wantsSeeds and sizes[family + 2] or 0
  if leechers + seeds == 0 then return end
  local share = math.floor(wanted * seeds / (leechers + seeds) + tonumber(ARGV[11]))
  local seedsWanted = math.min(seeds, math.max(share, wanted - leechers))
  take(family + 2, seedsWanted, self)
  take(family + 1, wanted - seedsWanted, self)
end

local function choose(family, self, wantsSeeds)
  local wanted = tonumber(ARGV[10])
  if wanted == 0 then return end
  chooseFamily(family, wanted, self, wantsSeeds)
  local left = wanted - #out[family]
  if left > 0 and string.find(ARGV[12], 'b', 1, true) then
    chooseFamily(2 - family, left, self, wantsSeeds)
  end
end

if action == 'look' and not isKnown then return {} end
local isFirst = search()
if action == 'announce' then
  local heard = math.floor((now - tonumber(ARGV[13])) / length) % 65536
  if event == 'stopped' then stop(endpoint, id, key)
  else put(endpoint, id, key, tonumber(ARGV[9]), heard) end
elseif action == 'completed' then
  downloaded = math.max(downloaded, number(ARGV[9]))
end
local count = total()
local doesExist = count > 0 or downloaded > 0 or (keeps and (isKnown or event ~= 'stopped'))
if not doesExist then
  removeShards(shards)
  if isKnown then call('DEL', index) end
  return {}
end
if count == 0 and shards > 1 then
  removeShards(shards)
  call('DEL', index)
  isFirst = true
end
while count > MOST_IN_SHARD * shards do grow() end
if isFirst or downloaded ~= number(fields[1]) or partial[0] ~= wasPartial4
  or partial[2] ~= wasPartial6 or progress ~= wasProgress then
  call('HSET', index, 'd', downloaded, 'p', partial[0], 'q', partial[2], 's', shards,
    'b', period, 'c', progress)
  -- To be looked at keeps no swarm alive
  if action ~= 'look' then
    local isKept = downloaded > 0 or keeps
    call('EXPIRE', index, isKept and math.max(lifetime, MONTH) or lifetime)
  end
elseif shards > 1 then
  -- Each key with digests has its turn by chance, many times before it would expire
  local shard = math.floor(tonumber(ARGV[11]) * shards)
  if shard > 0 then call('EXPIRE', index .. shard, lifetime) end
end
if action == 'announce' and event ~= 'stopped' then
  choose(familyOf(endpoint), endpoint, tonumber(ARGV[9]) % 8 == 0)
elseif action == 'look' then
  choose(0, nil, true)
end
return { count - sizes[1] - sizes[3], sizes[1] + sizes[3], partial[0] + partial[2], downloaded,
  table.concat(out[0]), table.concat(out[2]), table.concat(ids[0]), table.concat(ids[2]),
  isFirst and 1 or 0 }
`
