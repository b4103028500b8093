-- Announces of 4096 peers of 200 torrents, one after the other. WITH_PIPELINE=n sends n at once.
local requests = {}
local depth = tonumber(os.getenv("WITH_PIPELINE") or "1")

local function path(n)
  local hash = string.format("%%%02x", 1 + n % 200):rep(20)
  local peer = string.format("-XX0001-%012d", n)
  return "/announce?info_hash=" .. hash .. "&peer_id=" .. peer .. "&port=" .. (1024 + n)
    .. "&uploaded=0&downloaded=0&left=" .. n % 2 .. "&compact=1&numwant=50&key=" .. string.format("%08x", n)
end

function init()
  local at = 0
  for n = 1, 4096 do
    local parts = {}
    for i = 1, depth do
      parts[i] = wrk.format("GET", path(at))
      at = (at + 1) % 4096
    end
    requests[n] = table.concat(parts)
  end
end

local turn = 0
function request()
  turn = turn % 4096 + 1
  return requests[turn]
end
