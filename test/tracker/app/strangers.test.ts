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
  const tracker = await startTrack(t)
  let left = 100
  const id = connectionIds(t, tracker.port)
  const strangers = {
    port: tracker.port,
    stream: () => httpStream(PATHS),
    packet: () => packet(id()),
  }
  await besiege(strangers, () => left-- <= 0)
  const hash = 'cd'.repeat(20)
  await tracker.ask(announceQuery(hash, { peer: 'one', port: 4001 }))
  const answer = await tracker.ask(
    announceQuery(hash, { peer: 'two', port: 4002, left: 1, compact: 1 }),
  )
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:4001'])
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
