import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { startTracker } from './tracker-parts.js'
import { announcePacket, connectPacket, scrapePacket } from './udp/packets.js'

const HASH = `info_hash=${'a'.repeat(20)}`
const announceOf = (peer: string, fields: string) =>
  `/announce?${HASH}&peer_id=${peer.repeat(20)}&${fields}`

const PATHS = [
  announceOf('s', 'port=1&left=0&event=completed'),
  announceOf('l', 'port=2&left=5'),
  announceOf('l', 'port=2&left=5&compact=0'),
  announceOf('x', 'port=3'),
  '/announce?port=1',
  `/scrape?${HASH}&info_hash=${'b'.repeat(20)}`,
  '/scrape',
  announceOf('s', 'port=1&left=0&event=stopped'),
  `/scrape?${HASH}`,
]

async function answersOverHttp(t: TestContext, isLater: boolean) {
  const limits = { maxPerAddressInSwarm: 2 }
  const { httpUrl, noted } = await startTracker(t, { isLater, limits })
  const bodies: string[] = []
  for (const path of PATHS) {
    const response = await fetch(httpUrl + path)
    bodies.push(
      `${response.status} ${Buffer.from(await response.arrayBuffer()).toString('latin1')}`,
    )
  }
  return { bodies, noted }
}

test('over HTTP a store that answers later gives the same answers', async (t) => {
  const [now, later] = [await answersOverHttp(t, false), await answersOverHttp(t, true)]
  assert.deepEqual(later, now)
  assert.match(now.bodies[3]!, /too many peers at your address/)
  assert.match(now.bodies[9]!, /8:completei0e10:downloadedi1e/)
})

async function answersOverUdp(t: TestContext, isLater: boolean) {
  const { udpPort, noted } = await startTracker(t, { isLater, limits: { maxPerAddressInSwarm: 2 } })
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const ask = async (packet: Uint8Array) => {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(20_000) })
    socket.send(packet, udpPort, '127.0.0.1')
    return ((await answered) as [Buffer])[0]
  }
  const id = (await ask(connectPacket())).subarray(8)
  const packets = [
    announcePacket(id, { peer: 'seed', port: 5, left: 0n, event: 1 }),
    announcePacket(id, { peer: 'leecher', port: 6, transaction: 9 }),
    announcePacket(id, { peer: 'third', port: 7 }),
    scrapePacket(id, ['torrent', 'nothing']),
  ]
  const answers: string[] = []
  for (const packet of packets) answers.push((await ask(packet)).toString('latin1'))
  return { answers, noted }
}

test('over UDP a store that answers later gives the same answers', async (t) => {
  const [now, later] = [await answersOverUdp(t, false), await answersOverUdp(t, true)]
  assert.deepEqual(later, now)
  assert.deepEqual(now.noted, ['connect', 'announce', 'announce', 'refusal', 'scrape'])
})
