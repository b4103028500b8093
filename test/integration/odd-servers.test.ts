import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { BtkitError } from '../../src/base/errors.js'
import { callWithin } from '../../src/base/bounded-call.js'
import { collectAtMost } from '../../src/disk/look/read-bounded.js'
import { parseRedisUrl } from '../../src/fleet/redis/client.js'
import { RedisLink } from '../../src/fleet/redis/link.js'
import { requestHttp } from '../../src/core/remote/http-request.js'
import { parseClientAddress } from '../../src/seeding/clients/address.js'
import { connectClient } from '../../src/seeding/clients/connect.js'
import { announceSeed, canAnnounce } from '../../src/seeding/trackers/announce.js'
import { scrapeTracker } from '../../src/seeding/trackers/ask-trackers.js'
import { checkTracker } from '../../src/metainfo/trackers.js'
import { infoHashOf } from '../support/info-hashes.js'
import { listenLocally } from '../support/listen.js'
import { until } from '../support/until.js'

/** Milliseconds that a server has for its answer. */
const LIMIT = 300

const HEAD = 'HTTP/1.1 200 OK\r\n'

/** Sends bytes for as long as they are read. */
function pour(socket: Socket, bytes: Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  }
  socket.on('drain', more)
  more()
}

/** Sends bytes again and again while a connection is open, in each turn a few. */
function drip(socket: Socket, bytes: string): void {
  const timer = setInterval(() => socket.write(bytes), 10)
  socket.once('close', () => {
    clearInterval(timer)
  })
}

/** Ways of servers that answer nothing that could be used. */
const ODD: Readonly<Record<string, (socket: Socket) => void>> = {
  'says nothing': () => undefined,
  'closes its side without an answer': (socket) => void socket.end(),
  'hangs up': (socket) => void socket.resetAndDestroy(),
  'sends a head that never ends, byte by byte': (socket) => {
    socket.write(HEAD)
    drip(socket, 'x')
  },
  'sends a body that never ends, byte by byte': (socket) => {
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    drip(socket, '1\r\n \r\n')
  },
  'sends less than it promised': (socket) => void socket.end(`${HEAD}Content-Length: 9\r\n\r\nd`),
  'sends zeros without end': (socket) => {
    pour(socket, Buffer.alloc(65_536))
  },
  'sends a body without end': (socket) => {
    socket.write(`${HEAD}\r\n`)
    pour(socket, Buffer.alloc(65_536, 'd'))
  },
  'speaks another protocol': (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'promises a length that is none': (socket) => {
    socket.end(`${HEAD}Content-Length: -1\r\n\r\nd`)
  },
}

/** Asks a server at a port. Rejects, or resolves to null, if there is no answer that counts. */
type Ask = (port: number, signal: AbortSignal) => Promise<unknown>

function askClient(scheme: string): Ask {
  return (port, signal) => {
    const address = parseClientAddress(`${scheme}://127.0.0.1:${port}`)
    return connectClient(address, { timeoutMs: LIMIT, signal }).list()
  }
}

const infoHash = infoHashOf('ab'.repeat(20))

const WIRES: Readonly<Record<string, Ask>> = {
  'scrape of a tracker': (port, signal) => {
    const url = checkTracker(`http://127.0.0.1:${port}/announce`)
    return scrapeTracker({ url, infoHashes: [infoHash], signal }, LIMIT)
  },
  'announce to a tracker': (port, signal) => {
    const url = `http://127.0.0.1:${port}/announce`
    assert.ok(canAnnounce(url))
    return callWithin({ timeoutMs: LIMIT, signal }, (bounded) => {
      return announceSeed({
        ...{ url, infoHash, peerId: 'cd'.repeat(20), address: null, port: 1, uploaded: 0 },
        ...{ event: null, wanted: 0, key: 1, trackerId: null, signal: bounded },
      })
    })
  },
  'request to a web seed': (port, signal) => {
    return callWithin({ timeoutMs: LIMIT, signal }, async (bounded) => {
      const { body } = await requestHttp(`http://127.0.0.1:${port}/`, { signal: bounded })
      return collectAtMost(body, 1000, () => new BtkitError('unreachable', 'too long'))
    })
  },
  'call of Transmission': askClient('transmission+http'),
  'call of qBittorrent': askClient('qbittorrent+http'),
  'call of Deluge': askClient('deluge+http'),
  'call of rtorrent behind a web server': askClient('rtorrent+http'),
  'call of rtorrent by SCGI': askClient('scgi'),
  'command to Redis': async (port) => {
    const warnings: string[] = []
    const warn = (message: string) => void warnings.push(message)
    const url = parseRedisUrl(`redis://127.0.0.1:${port}`)
    const link = new RedisLink(url, { warn, timeoutMs: LIMIT })
    const answer = await link.ask((client) => client.get('a'))
    assert.equal(warnings.length, 1)
    return answer
  },
}

/** A server of such a way, and its open connections. */
async function startOdd(t: TestContext, answer: (socket: Socket) => void) {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => undefined).once('close', () => open.delete(socket))
    socket
      .on('end', () => socket.end())
      .once('data', () => {
        answer(socket)
      })
  })
  t.after(() => {
    for (const socket of open) socket.destroy()
  })
  return { open, port: await listenLocally(t, server) }
}

// A call that never ends would end the whole run
const BOUNDED = { timeout: 30_000 }

for (const [way, answer] of Object.entries(ODD)) {
  test(`no wire waits for a server that ${way}, or keeps its connection`, BOUNDED, async (t) => {
    const all = Object.entries(WIRES).map(async ([what, ask]) => {
      const { open, port } = await startOdd(t, answer)
      const { signal } = new AbortController()
      const got = await ask(port, signal).catch((error: unknown) => {
        // Faults of a server have words; others are of the program
        assert.ok(!(error instanceof TypeError || error instanceof RangeError), String(error))
        return null
      })
      assert.equal(got, null, what)
      await until(`the ${what} is closed`, () => open.size === 0)
    })
    await Promise.all(all)
  })
}
