import assert from 'node:assert/strict'
import { type RemoteInfo, createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { scrapeUrl } from '../../../src/seeding/trackers/http-scrape.js'
import { askTrackers, scrapeTracker } from '../../../src/seeding/trackers/ask-trackers.js'
import { ScrapeFailure } from '../../../src/seeding/trackers/swarm-counts.js'
import { checkTracker } from '../../../src/metainfo/trackers.js'
import { fetchAlone, findFreePort, startOpentracker } from '../../support/opentracker.js'
import { giveName } from '../../support/names.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { unlessInstalled } from '../../support/peers.js'
import { announceQuery } from '../../support/track.js'
import { serveLocally } from '../../support/listen.js'

const [SHARED, UNKNOWN] = [infoHashOf('ab'.repeat(20)), infoHashOf('cd'.repeat(20))]

/** The answer of a tracker within that many milliseconds. */
function scrape(url: string, milliseconds = 600_000) {
  const { signal } = new AbortController()
  return scrapeTracker(
    { url: checkTracker(url), infoHashes: [SHARED, UNKNOWN], signal },
    milliseconds,
  )
}

async function assertFails(url: string, message: RegExp, milliseconds?: number): Promise<void> {
  await assert.rejects(scrape(url, milliseconds), (error) => {
    assert.ok(error instanceof ScrapeFailure, String(error))
    assert.match(error.message, message)
    return true
  })
}

/** Has a tracker know a seed and two leechers of the shared torrent. */
async function share(origin: string): Promise<void> {
  for (const [peer, left] of Object.entries({ seed: 0, leecher: 5, other: 7 })) {
    const query = announceQuery(SHARED, { peer, left, port: 7000 + left, event: 'started' })
    await fetchAlone(`${origin}${query}&uploaded=0&downloaded=0`)
  }
}

test('opentracker is scraped over HTTP and UDP', unlessInstalled('opentracker'), async (t) => {
  const port = await findFreePort()
  await startOpentracker(t, port, SHARED)
  await share(`http://127.0.0.1:${port}`)
  for (const url of [`http://127.0.0.1:${port}/announce`, `udp://127.0.0.1:${port}`]) {
    const { seeds, leechers } = (await scrape(url)).get(SHARED) ?? {}
    assert.deepEqual({ seeds, leechers }, { seeds: 1, leechers: 2 }, url)
  }
})

const BOMB = gzipSync(Buffer.alloc(64 * 2 ** 20, 'd'))

const HOSTILE: Readonly<Record<string, readonly [RegExp, RequestListener]>> = {
  'an endless answer': [
    /too long/,
    (_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(16 * 1024, 'd')));
      }
      response.on('drain', more)
      more()
    },
  ],
  'an answer that unpacks to very much': [
    /too long/,
    (_request, response) => response.setHeader('Content-Encoding', 'gzip').end(BOMB),
  ],
  'deeply nested bencode': [
    /is not a scrape/,
    (_, response) => response.end('d1:a'.repeat(10_000)),
  ],
  'many values': [/is not a scrape/, (_, response) => response.end(`l${'de'.repeat(30_000)}e`)],
  'no bencode': [/is not a scrape/, (_, response) => response.end('<html>')],
  'bencode that is no scrape': [/is not a scrape/, (_, response) => response.end('d5:filesi1ee')],
  nothing: [/is not a scrape/, (_, response) => response.end()],
  'a hang-up': [/the connection broke off/, (request) => request.socket.destroy()],
  'half an answer': [
    /the answer is incomplete/,
    (request, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('d', () => request.socket.destroy())
    },
  ],
  'another status': [/status 404/, (_, response) => response.writeHead(404).end('no')],
  'a refusal': [
    /^refuses: "go\\x1b\[2J away"$/,
    (_, response) => response.end('d14:failure reason11:go\u001b[2J awaye'),
  ],
  'a refusal with another status': [
    /^refuses: "who are you"$/,
    (_, response) => response.writeHead(400).end('d14:failure reason11:who are youe'),
  ],
  'all torrents it knows': [
    /^the answer is too long for a scrape: more than 64 KiB; the tracker may send all its torrents$/,
    (_, response) => response.end(`d5:filesd${'20:'.repeat(100_000)}`),
  ],
  'a refusal of NULs': [
    /^refuses: ""$/,
    (_, response) => response.end(`d14:failure reason60001:${'\0'.repeat(60_000)}xe`),
  ],
  'no HTTP': [/the answer is not HTTP/, ({ socket }) => socket.end('SSH-2.0-OpenSSH\r\n')],
  'a refusal of great length': [
    /^refuses: "x{200}…"$/,
    (_, response) => response.end(`d14:failure reason9000:${'x'.repeat(9000)}e`),
  ],
}

for (const [what, [message, answer]] of Object.entries(HOSTILE)) {
  test(`a tracker over HTTP that answers with ${what} does no harm`, async (t) => {
    await assertFails(await startHttpTracker(t, answer), message)
  })
}

/** A tracker that redirects so often before it answers. */
function startRedirecting(t: TestContext, times: number): Promise<string> {
  let left = times
  return startHttpTracker(t, (request, response) => {
    // The place may be relative
    if (left-- > 0) response.writeHead(302, { Location: request.url }).end()
    else response.end(Buffer.from(`d5:filesd20:${'\xab'.repeat(20)}d8:completei5eeee`, 'latin1'))
  })
}

test('a tracker is asked about 50 torrents at a time', async (t) => {
  const counts: (number | undefined)[] = []
  const port = await serveLocally(t, ({ url }, response) => {
    counts.push(url?.match(/info_hash=/g)?.length)
    response.end('d5:filesdee')
  })
  const trackers = [`http://127.0.0.1:${port}/announce`]
  const asked = Array.from({ length: 120 }, (_, n) => {
    return { name: '', infoHash: infoHashOf(`${n}`.padStart(40, '0')), trackers }
  })
  await askTrackers(asked, 600_000, new AbortController().signal)
  assert.deepEqual(counts, [50, 50, 20])
})

test('up to three redirects of a tracker are followed', async (t) => {
  const counts = await scrape(await startRedirecting(t, 3))
  assert.equal(counts.get(SHARED)?.seeds, 5)
  await assertFails(await startRedirecting(t, 4), /redirects more than 3 times/)
})

test('a redirect leads to no other protocol', async (t) => {
  const url = await startHttpTracker(t, (_request, response) => {
    response.writeHead(302, { Location: 'data:,d5:filesdee' }).end()
  })
  await assertFails(url, /redirects to an address that is not HTTP/)
})

test('counts that are no counts are none', async (t) => {
  const entry = (key: string, value: string) =>
    Buffer.from(
      `d5:filesd20:${key.replace(/../g, (hex) => String.fromCharCode(parseInt(hex, 16)))}${value}ee`,
      'latin1',
    )
  const answers = [
    entry(SHARED, 'd8:completei-5e10:downloadedi9223372036854775807e10:incomplete1:xe'),
    entry(SHARED, 'le'),
    entry(UNKNOWN.replaceAll('cd', 'ce'), 'd8:completei5ee'),
  ]
  const url = await startHttpTracker(t, (_request, response) => response.end(answers.shift()))
  const none = { seeds: null, leechers: null, completed: null }
  assert.deepEqual([...(await scrape(url))], [[SHARED, none]])
  for (let i = 0; i < 2; i++) assert.deepEqual([...(await scrape(url))], [])
})

/** A tracker over UDP that gives a connection id, and then answers otherwise. */
function afterConnect(t: TestContext, answer: (transaction: Buffer) => Buffer): Promise<string> {
  return startUdpTracker(t, (packet) => {
    const transaction = packet.subarray(12, 16)
    if (packet.readUInt32BE(8) !== 0) return answer(transaction)
    return Buffer.concat([Buffer.alloc(4), transaction, Buffer.from('identity')])
  })
}

test('a tracker over UDP that says why it refuses is understood', async (t) => {
  const url = await afterConnect(t, (transaction) => {
    return Buffer.concat([Buffer.of(0, 0, 0, 3), transaction, Buffer.from('go\u001b away')])
  })
  await assertFails(url, /^refuses: "go\\x1b away"$/)
})

test('the NUL at the end of what a tracker says is left out', async (t) => {
  const overUdp = await afterConnect(t, (transaction) => {
    return Buffer.concat([Buffer.of(0, 0, 0, 3), transaction, Buffer.from('go away\0')])
  })
  const overHttp = await startHttpTracker(t, (_request, response) => {
    response.end('d14:failure reason8:go away\0e')
  })
  for (const url of [overUdp, overHttp]) await assertFails(url, /^refuses: "go away"$/)
})

test('packets over UDP have exactly the bytes of BEP 15', async (t) => {
  const sent: Buffer[] = []
  const url = await startUdpTracker(t, (packet) => {
    sent.push(packet)
    const rest = packet.readUInt32BE(8) === 0 ? Buffer.from('identity') : Buffer.alloc(24)
    return Buffer.concat([packet.subarray(8, 16), rest])
  })
  await scrape(url)
  const [connect, asked] = sent.map((packet) => packet.toString('hex'))
  // After the magic number or the id that it got: the action, and a transaction of four bytes
  assert.match(connect!, /^000004172710198000000000[0-9a-f]{8}$/)
  const identity = Buffer.from('identity').toString('hex')
  assert.match(asked!, new RegExp(`^${identity}00000002[0-9a-f]{8}${SHARED}${UNKNOWN}$`))
})

test('more counts over UDP than were asked for are left aside', async (t) => {
  const url = await afterConnect(t, (transaction) => {
    return Buffer.concat([Buffer.of(0, 0, 0, 2), transaction, Buffer.alloc(60_000, 1)])
  })
  assert.deepEqual([...(await scrape(url)).keys()], [SHARED, UNKNOWN])
})

test('fewer counts over UDP leave torrents without', async (t) => {
  const url = await afterConnect(t, (transaction) => {
    return Buffer.concat([Buffer.of(0, 0, 0, 2), transaction, Buffer.alloc(13, 1)])
  })
  assert.deepEqual([...(await scrape(url)).keys()], [SHARED])
})

test('answers over UDP to what was not asked are passed over', async (t) => {
  const url = await startUdpTracker(t, (packet) => {
    const forged = Buffer.concat([Buffer.alloc(4), Buffer.from('evil'), Buffer.from('identity')])
    return packet.readUInt32BE(12) % 2 === 0 ? forged : forged.subarray(0, 7)
  })
  await assertFails(url, /no answer in time/, 100)
})

test('a packet that was lost is sent again', async (t) => {
  // Two packets are lost, and each is sent again after seconds
  const set = globalThis.setTimeout
  const soon = (act: () => void, ms: number) => set(act, ms === 2500 ? 20 : ms)
  t.mock.method(globalThis, 'setTimeout', soon as typeof set)
  const lost = new Set<number>()
  const url = await startUdpTracker(t, (packet) => {
    const action = packet.readUInt32BE(8)
    if (!lost.has(action)) {
      lost.add(action)
      return null
    }
    const rest = action === 0 ? Buffer.from('identity') : Buffer.alloc(24)
    return Buffer.concat([packet.subarray(8, 16), rest])
  })
  assert.equal((await scrape(url)).size, 2)
})

// RFC 8305: an address that fails or is silent does not keep the client from the next one
test('of several addresses of a UDP tracker the first that answers is used', async (t) => {
  const url = await startUdpTracker(t, (packet) => {
    const rest = packet.readUInt32BE(8) === 0 ? Buffer.from('identity') : Buffer.alloc(24)
    return Buffer.concat([packet.subarray(8, 16), rest])
  })
  const { port } = new URL(url)
  const silent = createSocket('udp4').bind(Number(port), '127.0.0.3')
  t.after(() => silent.close())
  await once(silent, 'listening')
  // One refuses, one is silent, and one answers
  giveName(t, 'several.example', ['127.0.0.2', '127.0.0.3', '127.0.0.1'])
  assert.equal((await scrape(`udp://several.example:${port}`)).size, 2)
  giveName(t, 'silent.example', ['127.0.0.2', '127.0.0.3'])
  await assertFails(`udp://silent.example:${port}`, /no answer in time/, 100)
})

test('trackers that can not be asked are told as such', async () => {
  await assertFails('udp://tracker.example', /has no port/)
  await assertFails('http://tracker.example/a', /its address cannot be scraped/)
  await assertFails('wss://tracker.example/announce', /btkit asks only trackers over HTTP and UDP/)
  await assertFails(`http://127.0.0.1:${await findFreePort()}/announce`, /nothing listens there/)
})

/** A tracker over HTTP that answers as a test wants; its announce URL. */
async function startHttpTracker(t: TestContext, answer: RequestListener): Promise<string> {
  const port = await serveLocally(t, answer)
  return `http://127.0.0.1:${port}/announce`
}

/** Answers a packet, or not. */
type UdpAnswers = (packet: Buffer, from: RemoteInfo) => Buffer | null

/** The same over UDP. */
async function startUdpTracker(t: TestContext, answers: UdpAnswers): Promise<string> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  socket.on('message', (packet, from) => {
    const answer = answers(packet, from)
    if (answer) socket.send(answer, from.port, from.address)
  })
  return `udp://127.0.0.1:${socket.address().port}`
}

// The examples of BEP 48, and what it leaves open
const ADDRESSES = {
  'http://example.com/announce': 'http://example.com/scrape',
  'http://example.com/x/announce': 'http://example.com/x/scrape',
  'http://example.com/announce.php': 'http://example.com/scrape.php',
  'http://example.com/a': null,
  'http://example.com/announce?x2%0644': 'http://example.com/scrape?x2%0644',
  'http://example.com/announce?x=2/4': 'http://example.com/scrape?x=2/4',
  'http://example.com/x%064announce': null,
  'https://example.com:8443/announce/announce#x': 'https://example.com:8443/announce/scrape',
}

for (const [announce, scrape] of Object.entries(ADDRESSES)) {
  test(`${announce} is scraped at ${scrape ?? 'no address'}`, () => {
    assert.equal(scrapeUrl(announce), scrape)
  })
}
