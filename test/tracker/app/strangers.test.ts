import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { httpStream } from '../../support/http-strangers.js'
import { longTest } from '../../support/long.js'
import { findFreePort } from '../../support/opentracker.js'
import { outlast, startService } from '../../support/outlast.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { random } from '../../support/random.js'
import { makeScratch } from '../../support/scratch.js'
import { besiege, below, CHANGES, oneOf, randomBytes } from '../../support/strangers.js'
import { announceQuery, compactPeers, startTrack } from '../../support/track.js'
import { connectWebPeer, idOf, offersOf, webAnnounce } from '../../support/web-peer.js'
import { announcePacket, connectPacket, scrapePacket } from '../wires/packets.js'

const HASH = 'ab'.repeat(20)
const PATHS = [
  announceQuery(HASH, { compact: 1, numwant: 200, event: 'started' }),
  announceQuery(HASH, { ip: '1.2.3.4', key: 'x', trackerid: 'y', no_peer_id: 1, left: 5 }),
  `/scrape?info_hash=${HASH.replace(/../g, '%$&')}`,
  ...['/scrape', '/', '/stats', '/file?info_hash=', '/-/health', '/-/metrics', '/torrents?page=2'],
]

/** A packet of somebody who has this connection id, or makes one up. */
function packet(known: Uint8Array): Buffer {
  if (below(10) === 0) return randomBytes(1400)
  const id = below(2) === 0 ? known : pseudoRandom(8, random())
  const announce = { torrent: oneOf(['torrent', 'other']), peer: oneOf(['a', 'b', 'c']) }
  const packets = [connectPacket(), announcePacket(id, announce), scrapePacket(id, ['torrent'])]
  return oneOf(CHANGES)(oneOf(packets)).subarray(0, 1400)
}

const UPGRADE =
  'GET /announce HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** What one stranger sends over WebSocket: messages and frames, changed or not. */
function webStream(): Buffer {
  const frames = Array.from({ length: 1 + below(20) }, () => {
    const peer = oneOf(['a', 'b', 'c'])
    const offers = offersOf(...Array.from({ length: below(12) }, (_, n) => `${n}`))
    const left = oneOf([0, 1, -1, null, '0', 1e300])
    const announce = webAnnounce(HASH, peer, { left, offers, event: oneOf(['stopped', 'x', 7]) })
    const answer = { to_peer_id: idOf('a'), offer_id: '1', answer: offers[0]?.offer }
    const scrape = { action: 'scrape', info_hash: [announce.info_hash] }
    const message = JSON.stringify(oneOf([announce, { ...announce, ...answer }, scrape]))
    return frameOf(oneOf([0x81, 0x81, 0x81, 0x82, 0x01, 0x80, 0x89, 0x8a]), message)
  })
  const changed = frames.map((frame) => (random() < 0.3 ? oneOf(CHANGES)(frame) : frame))
  return Buffer.concat([Buffer.from(UPGRADE), ...changed])
}

/** A frame of a client, which is masked with zeros. */
function frameOf(opcode: number, message: string): Buffer {
  const text = oneOf([Buffer.from(message), oneOf(CHANGES)(Buffer.from(message))])
  const head = Buffer.from([opcode, 0xfe, 0, 0, 0, 0, 0, 0])
  head.writeUInt16BE(Math.min(text.length, 65_535), 2)
  return Buffer.concat([head, text])
}

/** Asks for connection ids again and again. Returns the last one. */
function connectionIds(t: TestContext, port: number): () => Buffer {
  let id: Buffer = Buffer.alloc(8)
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  udp.on('message', (answer) => {
    if (answer.length === 16) id = answer.subarray(8)
  })
  const ask = () => {
    udp.send(connectPacket(), port, '127.0.0.1')
  }
  ask()
  const timer = setInterval(ask, 1000)
  t.after(() => {
    clearInterval(timer)
    udp.close()
  })
  return () => id
}

test('whatever strangers send to a tracker, the next peer is answered, and nothing is an error', async (t) => {
  const tracker = await startTrack(t, { args: ['--web-torrent'] })
  let left = 100
  const id = connectionIds(t, tracker.port)
  const strangers = {
    port: tracker.port,
    stream: () => (random() < 0.5 ? httpStream(PATHS) : webStream()),
    packet: () => packet(id()),
  }
  await besiege(strangers, () => left-- <= 0)
  const hash = 'cd'.repeat(20)
  await tracker.ask(announceQuery(hash, { peer: 'one', port: 4001 }))
  const answer = await tracker.ask(
    announceQuery(hash, { peer: 'two', port: 4002, left: 1, compact: 1 }),
  )
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:4001'])
  const link = await connectWebPeer(t, `${tracker.address}/announce`)
  assert.equal((await link.ask(webAnnounce(hash, 'three'))).incomplete, 2)
  assert.doesNotMatch(tracker.stderr.text + tracker.stdout.text, /internal error|" 500 /)
})

longTest('minutes of strangers cost a tracker nothing', async (t) => {
  const port = await findFreePort()
  const state = join(makeScratch(t), 'state')
  const where = ['--host', '127.0.0.1', '--port', String(port), '--state', state]
  const service = startService(t, ['track', '--open', ...where])
  await service.said(/http:/)
  const id = connectionIds(t, port)
  const strangers = { port, stream: () => httpStream(PATHS), packet: () => packet(id()) }
  const answers = async () => {
    const query = announceQuery('cd'.repeat(20), { peer: 'one', port: 4001 })
    const signal = AbortSignal.timeout(1000)
    const answer = await fetch(`http://127.0.0.1:${port}${query}`, { signal })
    return (await answer.text()).includes('8:interval')
  }
  await outlast(t, service, { strangers, answers })
})
