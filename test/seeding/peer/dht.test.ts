import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv4 } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import bencode from 'bencode'
import { outerAddresses } from '../../../src/core/remote/address-reach.js'
import { DhtAnnouncer } from '../../../src/seeding/peer/dht.js'
import type { Seeder } from '../../../src/seeding/peer/seeder.js'
import { listenLocally } from '../../support/listen.js'
import { until } from '../../support/until.js'
import { connectPeer, CONTENT, download, plantFile, startSeed } from '../../support/seed.js'
import { beginDhtAt } from '../../support/quick-times.js'

const ID = 'n'.repeat(20)

async function openSocket(t: TestContext) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  t.after(() => socket.close())
  await once(socket, 'listening')
  return socket
}

/** A node of the DHT where all others begin. */
async function openNode(t: TestContext) {
  const socket = await openSocket(t)
  beginDhtAt(`127.0.0.1:${socket.address().port}`)
  const answers = new Map<string, Record<string, Uint8Array>>()
  /** Peers that this node names, and the torrents that are announced to it. */
  const [named, announced]: [Buffer[], Buffer[]] = [[], []]
  socket.on('message', (packet, from) => {
    const { t: id, y, r, q } = bencode.decode(packet) as Record<string, Uint8Array>
    if (latin1(q) === 'announce_peer') announced.push(packet)
    const answer = { t: id, y: 'r', r: { id: ID, token: 'x', values: named } }
    if (latin1(y) === 'q') socket.send(bencode.encode(answer), from.port, from.address)
    if (latin1(y) === 'r') answers.set(latin1(id), r as unknown as Record<string, Uint8Array>)
  })
  return { socket, answers, named, announced }
}

/** A seed that takes part in a DHT of one node: this test. */
async function startNode(t: TestContext) {
  const { torrent, infoHash } = await plantFile(t)
  const { socket, answers, ...node } = await openNode(t)
  const seed = await startSeed(t, [torrent, '--dht'])
  let queries = 0
  /** Asks until there is an answer: packets may get lost. */
  const ask = async (q: string, more: Record<string, unknown> = {}) => {
    const id = String(++queries).padStart(2, '0')
    const query = { t: id, y: 'q', q, a: { id: ID, ...more } }
    return until(`an answer to ${q}`, () => {
      if (!answers.has(id)) socket.send(bencode.encode(query), seed.port, '127.0.0.1')
      return answers.get(id)
    })
  }
  const send = (text: string) => {
    socket.send(Buffer.from(text, 'latin1'), seed.port, '127.0.0.1')
  }
  return { ...seed, ...node, infoHash, ask, send }
}

function latin1(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('latin1')
}

test('an answer names 8 nodes and 25 peers at most, however many are known', async (t) => {
  const { ask, infoHash } = await startNode(t)
  const { token } = await ask('get_peers', { info_hash: Buffer.from(infoHash, 'hex') })
  const hash = Buffer.alloc(20, 'h')
  for (let n = 0; n < 60; n++) {
    const id = Buffer.concat([Buffer.from(ID.slice(1)), Buffer.from([n])])
    await ask('ping', { id })
    await ask('announce_peer', { id, info_hash: hash, token, port: 2000 + n })
  }
  const nodes = (await ask('find_node', { target: Buffer.from(ID) }))['nodes']
  assert.ok((nodes?.length ?? 0) <= 8 * 26, String(nodes?.length))
  const { values } = await ask('get_peers', { info_hash: hash })
  assert.equal(values?.length, 25)
})

const HOSTILE = [
  ...['', 'd', 'd-3:', 'l-3:', 'd1:y1:qe', 'd1:ad-3:', 'i1e', 'd1:a'.repeat(300)],
  ...['1:t2:aa1:y1:r1:r', '1:ri1e1:t2:aa1:y1:r', '1:t2:aa1:y11:constructor'].map(
    (part) => `d${part}e`,
  ),
  `d1:ad2:idi1ee1:q4:ping1:t2:aa1:y1:qe`,
  `d1:ad2:id20:${ID}6:targeti1ee1:q9:find_node1:t2:aa1:y1:qe`,
  `d1:ad2:id20:${ID}9:info_hashi1ee1:q9:get_peers1:t2:aa1:y1:qe`,
  `d1:ad2:id20:${ID}9:info_hash20:${ID}4:porti1e5:tokeni1ee1:q13:announce_peer1:t2:aa1:y1:qe`,
  `d1:rd2:id20:${ID}5:nodesi1e6:valuesi1ee1:t2:aa1:y1:re`,
  `d1:rd2:id20:${ID}5:nodes3:abc6:valuesl1:ai1edeee1:t2:aa1:y1:re`,
  `d1:ad2:id20:${ID}1:vd1:ai1eee1:q3:put1:t2:aa1:y1:qe`,
  `d1:ei1e1:t2:aa1:y1:ee`,
]

test('packets of strangers to a node of the DHT harm nobody', async (t) => {
  const { ask, send, infoHash, port, stderr } = await startNode(t)
  for (const text of HOSTILE) send(text)
  assert.equal((await ask('ping'))['id']?.length, 20)
  const peer = await connectPeer(t, port, { infoHash })
  assert.ok((await download(peer)).equals(CONTENT))
  assert.doesNotMatch(stderr.text, /error/)
})

test('beside a sender of garbage without end, a node of the DHT answers others', async (t) => {
  const { ask, port } = await startNode(t)
  t.mock.method(performance, 'now', () => 5000)
  const flood = createSocket('udp4').bind(0, '127.0.0.9')
  t.after(() => flood.close())
  await once(flood, 'listening')
  for (let n = 0; n < 2000; n++) {
    flood.send('d'.repeat(100), port, '127.0.0.1')
    // The system keeps only some packets that are not read
    if (n % 50 === 0) await setImmediate()
  }
  assert.equal((await ask('ping'))['id']?.length, 20)
})

test('a node of the DHT answers what BEP 5 names', async (t) => {
  const { ask } = await startNode(t)
  const target = 'a'.repeat(20)
  // The package remembers who asked as a node
  const { nodes } = await ask('find_node', { target })
  assert.equal(latin1(nodes).slice(0, 20), ID)
  const { token } = await ask('get_peers', { info_hash: target })
  assert.ok(token && token.length > 0)
  await ask('announce_peer', { info_hash: target, port: 4000, implied_port: 0, token })
  const { values } = await ask('get_peers', { info_hash: target })
  const [value] = values as unknown as Uint8Array[]
  assert.deepEqual([...(value ?? [])], [127, 0, 0, 1, 4000 >> 8, 4000 & 0xff])
})

/** An address that other machines can call, as that of a peer of theirs. */
const OUTER = outerAddresses().find(isIPv4)

for (const [what, host, isCalled] of [
  ['a peer that a node of the DHT names is called', OUTER, true],
  ['no peer on this machine that a node of the DHT names is called', '127.0.0.1', false],
] as const) {
  const skip = host === undefined && 'this machine has no address for others'
  test(what, { skip }, async (t) => {
    const calls: unknown[] = []
    const server = createServer((socket) => calls.push(socket.destroy()))
    const port = await listenLocally(t, server, host)
    const { ask, infoHash, named, announced, port: own } = await startNode(t)
    named.push(Buffer.of(...(host ?? '').split('.').map(Number), port >> 8, port & 0xff))
    // The seed looks for nodes when it knows one, and announces when it has asked for peers
    await ask('ping')
    await until('it has heard of the peer', () => announced.length > 0)
    if (isCalled) await until('it has called the peer', () => calls.length > 0)
    const peer = await connectPeer(t, own, { infoHash })
    assert.ok((await download(peer)).equals(CONTENT))
    if (!isCalled) assert.deepEqual(calls, [])
  })
}

test('each torrent is announced in the DHT, and again half an hour later', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { announced } = await openNode(t)
  const hashes = ['ab', 'cd', 'ef'].map((byte) => byte.repeat(20))
  let now = 0
  const seeder = { publicHashes: () => hashes, outerPort: 4000, monotonic: () => now }
  const dht = new DhtAnnouncer(seeder as unknown as Seeder, await openSocket(t))
  t.after(() => dht.close())
  const heard = () => announced.filter((packet) => latin1(packet).includes('porti4000e')).length
  for (const count of [3, 6, 9]) {
    await until('all are announced', () => {
      t.mock.timers.tick(500)
      return heard() >= count
    })
    for (let again = 0; again < 3; again++) t.mock.timers.tick(500)
    assert.equal(heard(), count)
    now += 30 * 60_000
  }
})
