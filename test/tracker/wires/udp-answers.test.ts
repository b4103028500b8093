import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { digestOf } from '../swarms/store.js'
import { makeAnswers, startTracker } from '../tracker-parts.js'
import { announcePacket, connectPacket, scrapePacket } from './packets.js'

const HERE = '10.0.0.1'
const NO_ID = Buffer.alloc(8)

type Udp = ReturnType<typeof makeAnswers>['udp']

function connect(udp: Udp, from: string): Buffer {
  return udp.answer(connectPacket(), from)!.subarray(8)
}

function errorOf(answer: Buffer | null): string {
  assert.equal(answer!.readUInt32BE(0), 3)
  return answer!.subarray(8).toString()
}

test('connect, announce and scrape', () => {
  const { udp, noted } = makeAnswers()
  const connected = udp.answer(connectPacket(77), HERE)!
  assert.deepEqual([connected.readUInt32BE(0), connected.readUInt32BE(4)], [0, 77])
  const id = connected.subarray(8)
  udp.answer(announcePacket(id, { peer: 'seed', port: 5, left: 0n, event: 1 }), HERE)
  const answer = udp.answer(announcePacket(id, { peer: 'leecher', port: 6, transaction: 9 }), HERE)!
  const head = [0, 4, 8, 12, 16].map((at) => answer.readUInt32BE(at))
  assert.deepEqual(head, [1, 9, 1800, 1, 1])
  assert.equal(answer.subarray(20).toString('hex'), '0a0000010005')
  const scraped = udp.answer(scrapePacket(id, ['torrent', 'nothing']), HERE)!
  const counts = [0, 8, 12, 16, 20, 24, 28].map((at) => scraped.readUInt32BE(at))
  assert.deepEqual(counts, [2, 1, 1, 1, 0, 0, 0])
  assert.deepEqual(noted, ['connect', 'announce', 'announce', 'scrape'])
})

test('over IPv6 peers have 18 bytes; an IPv4 client of the same socket gets six', () => {
  const { udp } = makeAnswers()
  const [six, four] = ['2001:db8::1', '::ffff:10.0.0.1']
  udp.answer(announcePacket(connect(udp, six), { peer: 'a', port: 7 }), six)
  udp.answer(announcePacket(connect(udp, four), { peer: 'b', port: 8 }), four)
  const toSix = udp.answer(announcePacket(connect(udp, six), { peer: 'c', port: 9 }), six)!
  assert.equal(toSix.subarray(20).toString('hex'), '20010db80000000000000000000000010007')
  const toFour = udp.answer(announcePacket(connect(udp, four), { peer: 'd', port: 9 }), four)!
  assert.equal(toFour.subarray(20).toString('hex'), '0a0000010008')
})

test('without a valid id an address is only asked to connect again', () => {
  const { udp, store } = makeAnswers()
  const others = connect(udp, '10.0.0.9')
  for (const id of [NO_ID, others, Buffer.from('0000041727101980', 'hex')]) {
    assert.equal(errorOf(udp.answer(announcePacket(id), HERE)), 'connect again')
    assert.equal(errorOf(udp.answer(scrapePacket(id, ['torrent']), HERE)), 'connect again')
  }
  assert.equal(store.totals().peers, 0)
})

test('an id expires', () => {
  const { udp, clock } = makeAnswers()
  const id = connect(udp, HERE)
  clock.now += 120
  assert.equal(udp.answer(announcePacket(id), HERE)!.readUInt32BE(0), 1)
  clock.now += 61
  assert.equal(errorOf(udp.answer(announcePacket(id), HERE)), 'connect again')
})

test('an unproved address gets no answer longer than its packet', () => {
  const { udp } = makeAnswers()
  const packets = [connectPacket(), announcePacket(NO_ID), scrapePacket(NO_ID, ['a'])]
  for (const packet of packets) {
    assert.ok(udp.answer(packet, HERE)!.length <= packet.length)
    for (let length = 0; length < packet.length; length += 1) {
      const answer = udp.answer(packet.subarray(0, length), HERE)
      assert.ok((answer?.length ?? 0) <= length)
    }
  }
})

test('invalid packets get no answer', () => {
  const { udp } = makeAnswers()
  const otherProtocol = connectPacket()
  otherProtocol.writeUInt32BE(1, 0)
  const otherAction = announcePacket(NO_ID)
  otherAction.writeUInt32BE(9, 8)
  for (const packet of [Buffer.alloc(0), Buffer.alloc(2000), otherProtocol, otherAction]) {
    assert.equal(udp.answer(packet, HERE), null)
  }
})

test('of a scrape of too many torrents the first 74 are answered (BEP 15), as by opentracker', () => {
  const { udp } = makeAnswers()
  const names = Array.from({ length: 75 }, (_, n) => `torrent ${n}`)
  const id = connect(udp, HERE)
  udp.answer(announcePacket(id, { torrent: 'torrent 73', left: 0n }), HERE)
  const answer = udp.answer(scrapePacket(id, names), HERE)!
  assert.deepEqual([answer.readUInt32BE(0), answer.length], [2, 8 + 12 * 74])
  assert.equal(answer.readUInt32BE(8 + 12 * 73), 1)
})

test('a client whose packet is too short gets an error, after it proved its address', () => {
  const { udp } = makeAnswers()
  const id = connect(udp, HERE)
  const short = announcePacket(id).subarray(0, 97)
  assert.equal(errorOf(udp.answer(short, HERE)), 'an announce has 98 bytes')
  assert.equal(errorOf(udp.answer(scrapePacket(id, []), HERE)), 'name the')
  const unproved = announcePacket(NO_ID).subarray(0, 97)
  assert.equal(errorOf(udp.answer(unproved, HERE)), 'connect again')
})

test('an error of the program is reported, and the client gets an error', () => {
  const { udp, store, failures } = makeAnswers()
  const id = connect(udp, HERE)
  store.announce = () => {
    throw new Error('for a moment')
  }
  assert.equal(errorOf(udp.answer(announcePacket(id), HERE)), 'internal error')
  assert.match(String(failures[0]), /for a moment/)
})

test('a long refusal is cut to the length of the request', () => {
  const { udp } = makeAnswers({
    rules: { judge: () => ({ failure: 'x'.repeat(9000), warning: null }) },
  })
  const packet = announcePacket(connect(udp, HERE))
  assert.equal(udp.answer(packet, HERE)!.length, packet.length)
})

test('no option after an announce keeps it from its answer (BEP 41)', () => {
  const { udp } = makeAnswers()
  const id = connect(udp, HERE)
  const path = Buffer.from('/announce?pass=1')
  const urlData = Buffer.concat([
    Buffer.of(1, 1, 2, 4),
    path.subarray(0, 4),
    Buffer.of(2, 12),
    path.subarray(4),
    Buffer.of(0),
  ])
  for (const options of [
    urlData,
    Buffer.of(2),
    Buffer.of(2, 255, 1),
    Buffer.of(99, 1, 1),
    Buffer.alloc(500, 1),
  ]) {
    const packet = Buffer.concat([announcePacket(id), options])
    assert.equal(udp.answer(packet, HERE)!.readUInt32BE(0), 1)
  }
})

test('the number of peers is the wanted one, if it fits into a packet', () => {
  const { udp } = makeAnswers({ rules: { maxGive: 1000, responseSize: 30 } })
  const id = connect(udp, HERE)
  for (let n = 1; n <= 300; n += 1) udp.answer(announcePacket(id, { peer: `${n}`, port: n }), HERE)
  const count = (wanted: number) =>
    (udp.answer(announcePacket(id, { peer: '1', port: 1, wanted }), HERE)!.length - 20) / 6
  assert.deepEqual([count(-1), count(0), count(7), count(2 ** 31 - 1)], [30, 0, 7, 200])
})

test('a key lets a peer leave from another address', () => {
  const { udp, store } = makeAnswers()
  udp.answer(announcePacket(connect(udp, HERE), { key: 5 }), HERE)
  const there = '10.0.0.2'
  const id = connect(udp, there)
  udp.answer(announcePacket(id, { key: 6, event: 3 }), there)
  assert.equal(store.totals().peers, 1)
  udp.answer(announcePacket(id, { key: 5, event: 3 }), there)
  assert.equal(store.totals().peers, 0)
})

test('an address in the packet counts only if the rules accept it', () => {
  const claim = { ip: '1.2.3.4' }
  const believing = makeAnswers({
    rules: { resolve: (_from, claimed) => claimed },
  })
  for (const [parts, wanted] of [
    [makeAnswers(), '0a000001'],
    [believing, '01020304'],
  ] as const) {
    const id = connect(parts.udp, HERE)
    parts.udp.answer(announcePacket(id, { peer: 'a', port: 1, ...claim }), HERE)
    const answer = parts.udp.answer(announcePacket(id, { peer: 'b', port: 2 }), HERE)!
    assert.equal(answer.subarray(20, 24).toString('hex'), wanted)
  }
})

test('over IPv6 the address of 32 bits in a packet is not used (BEP 15)', () => {
  const { udp, store } = makeAnswers({
    rules: { resolve: (_from, claimed) => claimed },
  })
  const six = '2001:db8::1'
  udp.answer(announcePacket(connect(udp, six), { peer: 'a', port: 7, ip: '1.2.3.4' }), six)
  const other = announcePacket(connect(udp, six), { peer: 'b', port: 8, ip: '1.2.3.4' })
  const answer = udp.answer(other, six)!
  assert.equal(answer.subarray(20).toString('hex'), '20010db80000000000000000000000010007')
  assert.equal(store.totals().peers, 2)
})

test("an address in the query of the tracker's URL is claimed as over HTTP (BEP 41)", () => {
  const { udp } = makeAnswers({
    rules: { resolve: (_from, claimed) => claimed },
  })
  const six = '2001:db8::1'
  // In two parts, with a byte of nothing between them
  const [first, second] = ['/announce?pass=1&ip=2001', '%3adb8::9&x=2']
  const urlData = [Buffer.of(2, first.length), first, Buffer.of(1, 2, second.length), second]
  const options = urlData.map((part) => Buffer.from(part))
  const id = connect(udp, six)
  udp.answer(Buffer.concat([announcePacket(id, { peer: 'a', port: 7 }), ...options]), six)
  const answer = udp.answer(announcePacket(id, { peer: 'b', port: 8 }), six)!
  assert.equal(answer.subarray(20).toString('hex'), '20010db80000000000000000000000090007')
})

test('a banned address in a packet or of its sender is refused and listed nowhere', () => {
  const BANNED = '1.2.3.4'
  const { udp, store } = makeAnswers({
    rules: {
      resolve: (_from, claimed) => claimed,
      permits: (address) => address !== BANNED,
    },
  })
  const refused = [
    udp.answer(announcePacket(connect(udp, HERE), { ip: BANNED }), HERE),
    udp.answer(announcePacket(connect(udp, BANNED)), BANNED),
    udp.answer(announcePacket(connect(udp, BANNED)), `::ffff:${BANNED}`),
    udp.answer(announcePacket(connect(udp, BANNED), { ip: HERE }), BANNED),
    udp.answer(scrapePacket(connect(udp, BANNED), ['torrent']), BANNED),
  ]
  for (const answer of refused)
    assert.ok('your address may not use this tracker'.startsWith(errorOf(answer)))
  assert.deepEqual([store.totals().peers, store.totals().swarms], [0, 0])
})

test('a socket answers despite invalid packets', { timeout: 10_000 }, async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const tracker = await startTracker(t, { host })
    const client = createSocket(host === '::1' ? 'udp6' : 'udp4')
    t.after(() => client.close())
    for (const length of [0, 1, 15, 1000, 9000])
      client.send(Buffer.alloc(length), tracker.udpPort, host)
    client.send(connectPacket(), tracker.udpPort, host)
    const [connected] = (await once(client, 'message')) as [Buffer]
    client.send(announcePacket(connected.subarray(8)), tracker.udpPort, host)
    const [announced] = (await once(client, 'message')) as [Buffer]
    assert.equal(announced.readUInt32BE(0), 1)
    assert.equal(tracker.store.scrape(digestOf('torrent'))?.incomplete, 1)
    assert.deepEqual(tracker.failures, [])
  }
})
