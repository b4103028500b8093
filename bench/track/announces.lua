-- Announces of 4096 peers of 200 torrents, one after the other.
local requests = {}

local function path(n)
  local hash = string.format("%%%02x", 1 + n % 200):rep(20)
  local peer = string.format("-XX0001-%012d", n)
  return "/announce?info_hash=" .. hash .. "&peer_id=" .. peer .. "&port=" .. (1024 + n)
    .. "&uploaded=0&downloaded=0&left=" .. n % 2 .. "&compact=1&numwant=50&key=" .. string.format("%08x", n)
end

function init()
  for n = 1, 4096 do
    requests[n] = wrk.format("GET", path(n - 1))
  end
end

local turn = 0
function request()
  turn = turn % 4096 + 1
  return requests[turn]
end
