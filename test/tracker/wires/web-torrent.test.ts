import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type IncomingMessage, createServer, request } from 'node:http'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ClientAddresses } from '../../../src/server/connections/client-address.js'
import { UNKNOWN } from '../../../src/tracker/answers/tracker-rules.js'
import { WebTorrent } from '../../../src/tracker/wires/web-torrent.js'
import { plantCertificate, tlsArgs, unlessOpenssl } from '../../support/certificates.js'
import { listenLocally } from '../../support/listen.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, compactPeers, startTrack } from '../../support/track.js'
import { until } from '../../support/until.js'
import {
  binary,
  connectWebPeer,
  idOf,
  offersOf,
  type WebAnswer,
  type WebPeer,
  webAnnounce,
} from '../../support/web-peer.js'
import { makeAnswers, type PartsWish } from '../tracker-parts.js'

const HASH = 'ab'.repeat(19) + 'ff'

/** A `btkit track --web-torrent`, and a function that connects to it. */
async function trackWeb(t: TestContext, args: readonly string[] = []) {
  const track = await startTrack(t, { args: ['--web-torrent', ...args] })
  const peer = (headers: Record<string, string> = {}) => {
    return connectWebPeer(t, `${track.address}/announce`, { headers })
  }
  return { ...track, peer }
}

/** The parts of a tracker that answer WebSocket, with a clock that the test sets. */
async function openParts(t: TestContext, wish: PartsWish & { perClient?: number } = {}) {
  const parts = makeAnswers(wish)
  const clock = { now: 1000 }
  const web = new WebTorrent({
    answers: parts.answers,
    clientAddresses: new ClientAddresses(['unix', { address: '127.0.0.1', bits: 32 }]),
    limits: { all: 100, perClient: wish.perClient ?? 50, perNetwork: 100 },
    peerTimeout: 2700,
    monotonic: () => clock.now,
    onError: parts.onError,
    note: (answered) => parts.noted.push(answered),
  })
  const server = createServer()
  const sockets: Socket[] = []
  server.on('upgrade', (asked: IncomingMessage, socket: Socket, head) => {
    sockets.push(socket)
    if (!web.upgrade(asked, socket, head)) socket.destroy()
  })
  const port = await listenLocally(t, server)
  t.after(() => {
    web.close()
  })
  const peer = (from = '192.0.2.1') => {
    const headers = { 'X-Forwarded-For': from }
    return connectWebPeer(t, `ws://127.0.0.1:${port}/announce`, { headers })
  }
  const pass = (seconds: number) => {
    clock.now += 1000 * seconds
    web.check()
  }
  const counts = () => parts.store.scrape(Buffer.from(HASH, 'hex'))
  return { ...parts, web, clock, port, sockets, peer, pass, counts }
}

/** The connection below that of a client. */
function rawOf(socket: object): Socket {
  return (socket as { _socket: Socket })._socket
}

function failureOf(answer: WebAnswer): string | undefined {
  return answer['failure reason']
}

test('two peers exchange an offer and its answer, and are counted like others', async (t) => {
  const track = await trackWeb(t)
  const [a, b] = [await track.peer(), await track.peer()]
  const first = await a.ask(webAnnounce(HASH, 'a', { left: 0, offers: offersOf('1') }))
  assert.deepEqual(first, {
    action: 'announce',
    info_hash: binary(HASH),
    interval: 1800,
    complete: 1,
    incomplete: 0,
  })
  const second = await b.ask(webAnnounce(HASH, 'b', { numwant: 5, offers: offersOf('2', '3') }))
  assert.deepEqual([second.complete, second.incomplete], [1, 1])
  const common = { action: 'announce', info_hash: binary(HASH) }
  const [{ offer_id: id, offer }] = offersOf('2') as [{ offer_id: string; offer: object }]
  assert.deepEqual(await a.next(), { ...common, peer_id: idOf('b'), offer_id: id, offer })
  const answer = { type: 'answer', sdp: 'v=0 é' }
  a.send({ ...common, peer_id: idOf('a'), to_peer_id: idOf('b'), offer_id: id, answer })
  assert.deepEqual(await b.next(), { ...common, peer_id: idOf('a'), offer_id: id, answer })
  // Peers of other wires cannot connect to these, nor these to them
  const http = await track.ask(announceQuery(HASH, { peer: 'c', port: 1001, left: 1 }))
  assert.deepEqual([http.get('complete'), http.get('incomplete')], [1, 2])
  assert.deepEqual(compactPeers(http), [])
  const metrics = await (await track.get('/-/metrics')).text()
  assert.match(metrics, /btkit_track_answers_total\{protocol="ws",answered="announce"\} 2/)
  assert.deepEqual([a.unread(), b.unread()], [0, 0])
})

test('a peer that stops or closes its connection is no longer counted', async (t) => {
  const track = await trackWeb(t)
  const [a, b, c] = [await track.peer(), await track.peer(), await track.peer()]
  for (const [n, peer] of [a, b, c].entries()) await peer.ask(webAnnounce(HASH, `${n}`))
  const stopped = await a.ask(webAnnounce(HASH, '0', { event: 'stopped' }))
  assert.equal(stopped.incomplete, 2)
  b.socket.close()
  const scrape = { action: 'scrape', info_hash: binary(HASH) }
  const answer = await until('b has left', async () => {
    const { files } = await c.ask(scrape)
    return JSON.stringify(files).includes('"incomplete":1') && files
  })
  assert.deepEqual(answer, { [binary(HASH)]: { complete: 0, incomplete: 1, downloaded: 0 } })
  await c.ask(webAnnounce(HASH, '2', { offers: offersOf('1', '2') }))
  assert.equal(a.unread(), 0)
})

test('a scrape of several torrents leaves out those that are not tracked', async (t) => {
  const known = [HASH, 'cd'.repeat(20)]
  const { peer } = await openParts(t, {
    rules: {
      judge: (bytes) => {
        const isKnown = known.includes(Buffer.from(bytes).toString('hex'))
        return isKnown ? null : { failure: 'unknown', warning: null }
      },
    },
  })
  const link = await peer()
  const hashes = [...known, 'ef'.repeat(20)].map(binary)
  const { files = {} } = await link.ask({ action: 'scrape', info_hash: hashes })
  assert.deepEqual(Object.keys(files), known.map(binary))
  assert.match(failureOf(await link.ask({ action: 'scrape' })) ?? '', /name the torrents/)
})

test('lists of torrents and addresses decide as over HTTP', async (t) => {
  const { peer, noted } = await openParts(t, {
    rules: {
      permits: (address) => address !== '192.0.2.66',
      judge: () => ({ failure: null, warning: 'moving soon' }),
      interval: 77,
    },
  })
  const [good, banned] = [await peer(), await peer('192.0.2.66')]
  const answer = await good.ask(webAnnounce(HASH, 'a'))
  assert.deepEqual([answer.interval, answer['warning message']], [77, 'moving soon'])
  const refused = await banned.ask(webAnnounce(HASH, 'b'))
  assert.match(failureOf(refused) ?? '', /may not use this tracker/)
  assert.equal(refused.info_hash, binary(HASH))
  assert.deepEqual(noted, ['announce', 'refusal'])
})

test('a torrent that comes a moment later is tracked', async (t) => {
  const unknown = new Set([HASH])
  const { peer } = await openParts(t, {
    rules: {
      judge: (bytes) => (unknown.has(Buffer.from(bytes).toString('hex')) ? UNKNOWN : null),
      settled: () => Promise.resolve(unknown.delete(HASH)),
    },
  })
  const link = await peer()
  assert.equal((await link.ask(webAnnounce(HASH, 'a'))).incomplete, 1)
  unknown.add(HASH)
  unknown.add('cd'.repeat(20))
  const other = await link.ask(webAnnounce('cd'.repeat(20), 'a'))
  assert.equal(typeof failureOf(other), 'string')
})

test('while a message waits for a scan, no more are read, and all are answered in order', async (t) => {
  const unknown = 'cd'.repeat(20)
  const asked = new EventEmitter()
  const { peer, pass, sockets } = await openParts(t, {
    rules: {
      judge: (bytes) => (Buffer.from(bytes).toString('hex') === unknown ? UNKNOWN : null),
      settled: async () => {
        asked.emit('asked')
        await once(asked, 'over')
        return true
      },
    },
  })
  const link = await peer()
  await link.ask(webAnnounce(HASH, 'a'))
  const begun = once(asked, 'asked')
  link.send(webAnnounce(unknown, 'a'))
  await begun
  assert.ok(sockets[0]?.isPaused())
  let count = 0
  asked.on('asked', () => count++)
  link.send(webAnnounce(HASH, 'a'))
  link.send(webAnnounce(unknown, 'b'))
  // It cannot be heard
  pass(30)
  pass(30)
  pass(30)
  assert.deepEqual([link.unread(), count], [0, 0])
  asked.on('asked', () => setImmediate(() => asked.emit('over')))
  asked.emit('over')
  const answers = [await link.next(), await link.next(), await link.next()]
  assert.deepEqual(
    answers.map((answer) => [answer.info_hash, failureOf(answer) === undefined]),
    [unknown, HASH, unknown].map((hash) => [binary(hash), hash === HASH]),
  )
  assert.equal(sockets[0]?.isPaused(), false)
})

test('of many offers ten are handed on, each to another peer, and seeds get none of a seed', async (t) => {
  const { peer } = await openParts(t)
  const others = await Promise.all(Array.from({ length: 14 }, () => peer()))
  for (const [n, other] of others.entries()) {
    await other.ask(webAnnounce(HASH, `peer ${n}`, { left: n < 12 ? 1 : 0 }))
  }
  const seed = await peer()
  const offers = offersOf(...Array.from({ length: 20 }, (_, n) => `offer ${n}`))
  await seed.ask(webAnnounce(HASH, 'seed', { left: 0, offers }))
  await until('all offers came', () => others.reduce((sum, each) => sum + each.unread(), 0) === 10)
  const got = others.filter((each) => each.unread() > 0)
  assert.equal(got.length, 10)
  assert.ok(others.slice(12).every((each) => each.unread() === 0))
  const ids = await Promise.all(got.map(async (each) => (await each.next()).offer_id))
  assert.deepEqual(
    ids.sort(),
    offers
      .slice(0, 10)
      .map((each) => each.offer_id)
      .sort(),
  )
})

test('a peer id belongs to one connection as long as that answers', async (t) => {
  const { peer, counts, clock, pass } = await openParts(t)
  const [a, again, thief] = [await peer(), await peer(), await peer('192.0.2.9')]
  await a.ask(webAnnounce(HASH, 'a'))
  const steal = async (thief: WebPeer) => {
    for (const fields of [{}, { event: 'stopped' }]) {
      const refused = await thief.ask(webAnnounce(HASH, 'a', fields))
      assert.match(failureOf(refused) ?? '', /belongs to another connection/)
    }
    const answer = { type: 'answer', sdp: 'x' }
    const forged = { ...webAnnounce(HASH, 'a'), to_peer_id: idOf('a'), offer_id: '1', answer }
    assert.match(failureOf(await thief.ask(forged)) ?? '', /announce first/)
  }
  await steal(thief)
  await steal(again)
  await thief.ask(webAnnounce(HASH, 'b', { offers: offersOf('1') }))
  assert.equal((await a.next()).offer_id, '1')
  await again.ask(webAnnounce(HASH, 'c'))
  withoutPongs(a)
  pass(30)
  clock.now += 5000
  await steal(thief)
  assert.equal((await again.ask(webAnnounce(HASH, 'a'))).incomplete, 3)
  assert.equal(counts()?.incomplete, 3)
})

for (const how of ['ends', 'answers no ping']) {
  test(`a client that comes back has its place when its old connection ${how}`, async (t) => {
    const { peer, counts, pass } = await openParts(t)
    const [old, again, other] = [withoutPongs(await peer()), await peer(), await peer()]
    const pinged = once(old.socket, 'ping')
    await old.ask(webAnnounce(HASH, 'a'))
    again.send(webAnnounce(HASH, 'a'))
    await pinged
    // Its pong may be on the way
    pass(4)
    await other.ask({ action: 'scrape', info_hash: binary(HASH) })
    assert.equal(again.unread(), 0)
    if (how === 'ends') old.socket.terminate()
    else pass(5)
    assert.deepEqual([(await again.next()).incomplete, counts()?.incomplete], [1, 1])
    await other.ask(webAnnounce(HASH, 'b', { offers: offersOf('1') }))
    assert.equal((await again.next()).offer_id, '1')
  })
}

test('a client that closes its connection comes back with another one at once', async (t) => {
  const { peer, counts } = await openParts(t)
  const [a, again] = [await peer(), await peer()]
  await a.ask(webAnnounce(HASH, 'a'))
  a.socket.close()
  await a.closed
  assert.equal((await again.ask(webAnnounce(HASH, 'a'))).incomplete, 1)
  assert.equal(counts()?.incomplete, 1)
})

test('only the peer that got an offer answers it, once and in time', async (t) => {
  const { peer, clock } = await openParts(t)
  const [a, b, c] = [await peer(), await peer(), await peer()]
  await b.ask(webAnnounce(HASH, 'b'))
  const answer = (from: string, id: string) => {
    return { ...webAnnounce(HASH, from), to_peer_id: idOf('a'), offer_id: id, answer: { sdp: id } }
  }
  const offer = async (...ids: string[]) => {
    for (const id of ids) {
      await a.ask(webAnnounce(HASH, 'a', { offers: offersOf(id) }))
      assert.equal((await b.next()).offer_id, id)
    }
  }
  await offer('1', '2', '3')
  await c.ask(webAnnounce(HASH, 'c'))
  c.send(answer('c', '1'))
  // What it asks comes after its answer
  await c.ask(webAnnounce(HASH, 'c'))
  for (const id of ['made up', '1', '1', '2']) b.send(answer('b', id))
  await b.ask(webAnnounce(HASH, 'b'))
  assert.deepEqual([(await a.next()).offer_id, (await a.next()).offer_id], ['1', '2'])
  clock.now += 121_000
  b.send(answer('b', '3'))
  await b.ask(webAnnounce(HASH, 'b'))
  c.socket.close()
  await c.closed
  const many = Array.from({ length: 21 }, (_, n) => `many ${n}`)
  await offer(...many)
  for (const id of many) b.send(answer('b', id))
  const got: unknown[] = []
  while (got.length < 20) got.push((await a.next()).offer_id)
  assert.deepEqual(got, many.slice(1))
})

test('peers behind one address are each counted, and HTTP peers there stay as they are', async (t) => {
  const track = await trackWeb(t)
  const [a, b] = [await track.peer(), await track.peer()]
  await track.ask(announceQuery(HASH, { peer: 'same', port: 1001, left: 1 }))
  await a.ask(webAnnounce(HASH, 'same'))
  const answer = await b.ask(webAnnounce(HASH, 'b'))
  assert.equal(answer.incomplete, 3)
  await a.ask(webAnnounce(HASH, 'same', { event: 'stopped' }))
  const http = await track.ask(announceQuery(HASH, { peer: 'other', port: 1002, left: 1 }))
  assert.deepEqual(compactPeers(http), ['127.0.0.1:1001'])
})

const ODD: [string, string | Buffer, RegExp][] = [
  ['no JSON', '{"action":', /is not JSON/],
  ['a number', '7', /neither announce nor scrape/],
  ['null', 'null', /neither announce nor scrape/],
  ['deep nesting', '['.repeat(60_000), /is not JSON/],
  ['another action', '{"action":"connect"}', /neither announce nor scrape/],
  ['an inherited action', '{"__proto__":{"action":"announce"}}', /neither announce nor scrape/],
  ['no info hash', '{"action":"announce"}', /info_hash does not have 20 bytes/],
  [
    'characters above a byte',
    JSON.stringify({ action: 'announce', info_hash: 'ł'.repeat(20) }),
    /info_hash does not have 20 bytes/,
  ],
  ['a number as a peer id', JSON.stringify(webAnnounce(HASH, 'a', { peer_id: 7 })), /peer_id/],
  ['offers of null', JSON.stringify(webAnnounce(HASH, 'a', { offers: [null] })), /no offer_id/],
  [
    'an offer whose sdp is a list',
    JSON.stringify(webAnnounce(HASH, 'a', { offers: [{ offer_id: 'x', offer: { sdp: [1] } }] })),
    /no offer_id/,
  ],
  [
    'an answer for nobody',
    JSON.stringify(webAnnounce(HASH, 'a', { answer: { sdp: 'x' }, offer_id: 'x' })),
    /to_peer_id/,
  ],
  ['a scrape of objects', '{"action":"scrape","info_hash":[{}]}', /info_hash does not/],
]

for (const [name, message, failure] of ODD) {
  test(`a message with ${name} gets one error, and the connection goes on`, async (t) => {
    const { peer, failures, noted } = await openParts(t)
    const link = await peer()
    link.socket.send(message)
    assert.match(failureOf(await link.next()) ?? '', failure)
    assert.equal((await link.ask(webAnnounce(HASH, 'a'))).incomplete, 1)
    assert.deepEqual([failures, noted, link.unread()], [[], ['refusal', 'announce'], 0])
  })
}

test('a message above 64 KiB, wrong UTF-8 and a broken frame end the connection', async (t) => {
  const { peer, counts, sockets } = await openParts(t)
  const links = await Promise.all([peer(), peer(), peer()])
  for (const [n, link] of links.entries()) await link.ask(webAnnounce(HASH, `${n}`))
  links[0].send({ action: 'announce', filler: 'x'.repeat(65_536) })
  links[1].socket.send(Buffer.from([0xff, 0xfe]), { binary: false })
  // A frame of a client must be masked
  rawOf(links[2].socket).write(Buffer.from([0x81, 0x01, 0x41]))
  const codes = await Promise.all(links.map((link) => link.closed))
  assert.deepEqual(codes, [1009, 1007, 1002])
  await until('none is counted', () => (counts()?.incomplete ?? 0) === 0)
  await until('all are closed', () => sockets.every((socket) => socket.destroyed))
})

/** Frames of the text `{`, which take long to answer and few bytes. */
const shortFrames = (count: number) => {
  return Buffer.concat(Array<Buffer>(count).fill(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x7b])))
}

test('the messages of a client that floods wait for those of others, and all are answered', async (t) => {
  const { peer, noted, failures } = await openParts(t)
  const many = await Promise.all(Array.from({ length: 8 }, () => peer()))
  const other = await peer('192.0.2.2')
  for (const { socket } of many) rawOf(socket).write(shortFrames(2500))
  await until('it floods', () => noted.length > 0)
  assert.equal((await other.ask(webAnnounce(HASH, 'a'))).incomplete, 1)
  assert.ok(noted.length < 10_000, `${noted.length} came before`)
  await until('all are answered', () => noted.length === 8 * 2500 + 1)
  assert.deepEqual(failures, [])
  assert.equal((await many[0]?.ask(webAnnounce(HASH, 'b')))?.action, 'announce')
})

test('a scrape names as many torrents as over HTTP', async (t) => {
  const { peer } = await openParts(t)
  const link = await peer()
  const hashes = Array.from({ length: 257 }, (_, n) => `${n}`.padEnd(20))
  const { files = {} } = await link.ask({ action: 'scrape', info_hash: hashes.slice(1) })
  assert.equal(Object.keys(files).length, 256)
  const refused = await link.ask({ action: 'scrape', info_hash: hashes })
  assert.match(failureOf(refused) ?? '', /at most 256/)
})

test('a client that pings and does not read is cut off', async (t) => {
  const { peer, sockets } = await openParts(t)
  const deaf = await peer()
  deaf.socket.pause()
  const ping = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125)])
  const pings = Buffer.concat(Array<Buffer>(500).fill(ping))
  await until('it is closed', () => {
    rawOf(deaf.socket).write(pings)
    return sockets[0]?.destroyed
  })
})

test('a message in fragments of 4 KiB is read, and one in very many fragments ends the connection', async (t) => {
  const { peer } = await openParts(t)
  const [libtorrent, evil] = [await peer(), await peer()]
  const message = Buffer.from(
    JSON.stringify(webAnnounce(HASH, 'a', { filler: 'x'.repeat(65_000) })),
  )
  for (let at = 0; at < message.length; at += 4096) {
    const isLast = at + 4096 >= message.length
    libtorrent.socket.send(message.subarray(at, at + 4096), { binary: false, fin: isLast })
  }
  assert.equal((await libtorrent.next()).incomplete, 1)
  for (let n = 0; n < 33; n += 1) evil.socket.send('[', { fin: false })
  assert.equal(await evil.closed, 1008)
})

test('a frame in very small packets ends the connection', async (t) => {
  const { peer, sockets } = await openParts(t)
  const slow = await peer()
  // Announces 60,000 bytes
  sockets[0]?.emit('data', Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]))
  for (let n = 0; n < 129; n += 1) {
    sockets[0]?.emit('data', Buffer.from('['))
    // What comes while others have their turn is read together
    await nextTurn()
  }
  assert.equal(await slow.closed, 1008)
})

test('a connection whose message stays unfinished is closed', async (t) => {
  const { peer, pass, counts, sockets } = await openParts(t)
  const link = withoutPongs(await peer())
  await link.ask(webAnnounce(HASH, 'a'))
  const raw = rawOf(link.socket)
  const before = sockets[0]?.bytesRead ?? 0
  raw.write(Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0, 0x5b]))
  await until('it came', () => (sockets[0]?.bytesRead ?? 0) > before)
  pass(30)
  pass(30)
  assert.equal(await link.closed, 1006)
  await until('it is not counted', () => (counts()?.incomplete ?? 0) === 0)
})

test('of too many bytes of unfinished messages, the client with the most gives way', async (t) => {
  const { peer, sockets, counts } = await openParts(t)
  const good = await peer()
  await good.ask(webAnnounce(HASH, 'good'))
  const begin = async (from: string, bytes: number) => {
    const link = await peer(from)
    const socket = sockets.at(-1)
    rawOf(link.socket).write(Buffer.from([0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0]))
    rawOf(link.socket).write(Buffer.alloc(bytes, 0x20))
    await until('it came', () => socket?.destroyed || (socket?.bytesRead ?? 0) > bytes)
    return link
  }
  // 2 KiB for each of 100 connections
  const greedy = '192.0.2.66'
  const first = await begin(greedy, 60_000)
  const [other, newest] = [await begin('192.0.2.2', 50_000), await begin(greedy, 60_000)]
  const refused = assert.rejects(peer(greedy), { code: 'ECONNRESET' })
  await until('one more came', () => sockets.length === 5)
  assert.equal((await peer('192.0.2.3')).socket.readyState, 1)
  await refused
  await begin('192.0.2.4', 60_000)
  assert.equal(await newest.closed, 1006)
  await good.ask(webAnnounce(HASH, 'good'))
  assert.deepEqual([first.socket.readyState, other.socket.readyState], [1, 1])
  assert.equal(counts()?.incomplete, 1)
  // What the closed one had does not count any more
  const last = await begin('192.0.2.5', 30_000)
  await good.ask(webAnnounce(HASH, 'good'))
  assert.equal(last.socket.readyState, 1)
})

test('a client that breaks the protocol and does not close its side is cut off a second later', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { peer, sockets } = await openParts(t)
  const link = await peer()
  Object.assign(link.socket, { close: () => undefined })
  const [socket] = sockets as [Socket]
  const ended = once(rawOf(link.socket), 'data')
  link.socket.send(Buffer.from([0xff, 0xfe]), { binary: false })
  await ended
  const closed = once(socket, 'close')
  t.mock.timers.tick(1000)
  await closed
})

test('a client that announces very many torrents is refused, and others are not', async (t) => {
  const { peer, store } = await openParts(t, { perClient: 2 })
  const [greedy, other] = [await peer(), await peer('192.0.2.2')]
  const hashOf = (n: number) => n.toString(16).padStart(40, '0')
  for (let n = 0; n < 50; n += 1) await greedy.ask(webAnnounce(hashOf(n), 'a'))
  const refused = await greedy.ask(webAnnounce(hashOf(50), 'a'))
  assert.match(failureOf(refused) ?? '', /too many peers/)
  assert.equal(store.totals().peers, 50)
  await greedy.ask(webAnnounce(hashOf(0), 'a', { event: 'stopped' }))
  assert.equal((await greedy.ask(webAnnounce(hashOf(50), 'a'))).incomplete, 1)
  assert.equal((await other.ask(webAnnounce(hashOf(51), 'b'))).incomplete, 1)
})

test('a client has its share of connections, others theirs', async (t) => {
  const { peer, counts } = await openParts(t, { perClient: 3 })
  const own = await Promise.all([peer(), peer(), peer()])
  await assert.rejects(peer(), /socket hang up|ECONNRESET/)
  const other = await peer('192.0.2.2')
  await other.ask(webAnnounce(HASH, 'a'))
  own[0].socket.close()
  await own[0].closed
  const again = await until('there is room', () => peer().catch(() => null))
  await again.ask(webAnnounce(HASH, 'b'))
  assert.equal(counts()?.incomplete, 2)
})

test('a client that does not read is sent nothing more, and others are served', async (t) => {
  const { peer, sockets } = await openParts(t)
  const deaf = await peer()
  await deaf.ask(webAnnounce(HASH, 'deaf'))
  deaf.socket.pause()
  const [socket] = sockets as [Socket]
  const talker = await peer('192.0.2.2')
  const sdp = 'x'.repeat(60_000)
  let sent = 0
  await until('its buffers are full', async () => {
    const offers = [{ offer_id: `${sent++}`, offer: { type: 'offer', sdp } }]
    await talker.ask(webAnnounce(HASH, 'talker', { offers }))
    return socket.writableNeedDrain
  })
  const held = socket.writableLength
  // Node 24 counts 64 KiB as little, Node 20 16 KiB
  assert.ok(held < 200_000, `${held} bytes`)
  await talker.ask(webAnnounce(HASH, 'talker', { offers: offersOf('lost') }))
  assert.equal(socket.writableLength, held)
  socket.emit('timeout')
  await until('it is closed', () => socket.destroyed)
})

test('a connection without pongs, without announces, or of a client now banned is closed', async (t) => {
  const banned = new Set<string | null>()
  const { peer, pass, counts } = await openParts(t, {
    rules: { permits: (address) => !banned.has(address) },
  })
  const [good, dead, idle, evil] = [
    await peer(),
    withoutPongs(await peer()),
    await peer(),
    await peer('192.0.2.66'),
  ]
  for (const [n, link] of [good, dead, evil].entries()) await link.ask(webAnnounce(HASH, `${n}`))
  await idle.ask({ action: 'scrape', info_hash: binary(HASH) })
  banned.add('192.0.2.66')
  const pinged = once(good.socket, 'ping')
  pass(30)
  await pinged
  assert.equal(await idle.closed, 1006)
  assert.equal(await evil.closed, 1006)
  await good.ask(webAnnounce(HASH, '0'))
  pass(30)
  assert.equal(await dead.closed, 1006)
  await until('one is left', () => counts()?.incomplete === 1)
  // Its pongs alone do not keep a connection
  for (let second = 0; second <= 2700; second += 30) {
    const ping = once(good.socket, 'ping')
    pass(30)
    if ((await Promise.race([ping, good.closed])) === 1006) return
    await good.ask({ action: 'scrape', info_hash: binary(HASH) })
  }
  assert.fail('it is still open')
})

test('a client that is banned now gets no offers of others', async (t) => {
  const banned = new Set<string | null>()
  const { peer } = await openParts(t, { rules: { permits: (address) => !banned.has(address) } })
  const [evil, good] = [await peer('192.0.2.66'), await peer()]
  await evil.ask(webAnnounce(HASH, 'evil'))
  banned.add('192.0.2.66')
  await good.ask(webAnnounce(HASH, 'good', { offers: offersOf('1') }))
  // Its answer comes after the offer would
  assert.match(failureOf(await evil.ask(webAnnounce(HASH, 'evil'))) ?? '', /may not use/)
})

test('peers over TLS', unlessOpenssl, async (t) => {
  const directory = makeScratch(t)
  const ca = [plantCertificate(directory, 'first')]
  const track = await startTrack(t, { args: ['--web-torrent', ...tlsArgs(directory)] })
  assert.match(track.stdout.text + track.stderr.text, /address: +wss:/)
  const link = await connectWebPeer(t, `${track.address}/announce`, { ca })
  assert.equal((await link.ask(webAnnounce(HASH, 'a'))).incomplete, 1)
})

/** Makes a client answer no pings. */
function withoutPongs<Peer extends { socket: object }>(peer: Peer): Peer {
  Object.assign(peer.socket, { _autoPong: false })
  return peer
}

test('without --web-torrent, a request for WebSocket is answered over HTTP', async (t) => {
  const track = await startTrack(t)
  const { status } = await upgradeTo('websocket', `${track.address}${announceQuery(HASH)}`)
  assert.equal(status, 200)
})

/** The answer to a request that asks for another protocol. */
async function upgradeTo(protocol: string, url: string) {
  const headers = { Connection: 'Upgrade', Upgrade: protocol }
  const asked = request(url, { headers }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const body = await text(response)
  return { status: response.statusCode, body, connection: response.headers.connection }
}

test('a request for another protocol or path is answered over HTTP, as without WebSocket', async (t) => {
  const track = await trackWeb(t)
  const announce = await upgradeTo('h2c', `${track.address}${announceQuery(HASH)}`)
  assert.match(announce.body, /^d8:complete/)
  assert.deepEqual([announce.status, announce.connection], [200, 'close'])
  assert.equal((await upgradeTo('websocket', `${track.address}/elsewhere`)).status, 404)
  assert.equal((await upgradeTo('websocket', `${track.address}/announce`)).status, 400)
})

/** A connection, which may end in any way. */
function connectTo(t: TestContext, port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  return socket.on('error', () => undefined)
}

test('a request of HTTP/1.0 is answered over HTTP', async (t) => {
  const track = await trackWeb(t)
  const socket = connectTo(t, track.port)
  const upgrade = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  socket.write(`GET ${announceQuery(HASH)} HTTP/1.0\r\n${upgrade}${key}\r\n`)
  assert.match(await text(socket), /^HTTP\/1.1 200 [^]*d8:complete/)
})

test('an upgrade behind a request that is not answered yet ends the connection, and nothing else', async (t) => {
  const track = await trackWeb(t)
  const socket = connectTo(t, track.port)
  const page = 'GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n'
  socket.write(`${page}GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`)
  await once(socket.resume(), 'close')
  assert.equal((await track.get('/-/health')).status, 200)
})

test('an upgrade behind a request whose answer waits gets no answer inside of its messages', async (t) => {
  const track = await trackWeb(t)
  const socket = connectTo(t, track.port)
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  const upgrade = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  const page = 'GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n'
  socket.write(`${page}GET /announce HTTP/1.1\r\n${upgrade}${key}\r\n`)
  assert.doesNotMatch(await text(socket), /101 Switching/)
})

test('the tracker stops while clients are connected, and saves none of them', async (t) => {
  const stateFile = `${makeScratch(t)}/state`
  const track = await startTrack(t, { args: ['--web-torrent'], stateFile })
  const link = await connectWebPeer(t, `${track.address}/announce`)
  await link.ask(webAnnounce(HASH, 'a'))
  const [code] = await Promise.all([link.closed, track.stop()])
  assert.equal(code, 1001)
  const next = await startTrack(t, { stateFile })
  assert.doesNotMatch(await (await next.get('/-/metrics')).text(), /btkit_track_peers [1-9]/)
})

test('a client behind a trusted proxy has its own address', async (t) => {
  const banned = `${makeScratch(t)}/banned`
  writeFileSync(banned, '192.0.2.66\n')
  const track = await trackWeb(t, ['--trust-proxy', '127.0.0.1', '--banned-ips', banned])
  const [good, evil] = [
    await track.peer({ 'X-Forwarded-For': '192.0.2.1' }),
    await track.peer({ 'X-Forwarded-For': '192.0.2.66', Origin: 'https://elsewhere.example' }),
  ]
  assert.equal((await good.ask(webAnnounce(HASH, 'a'))).incomplete, 1)
  assert.match(failureOf(await evil.ask(webAnnounce(HASH, 'b'))) ?? '', /may not use/)
})
