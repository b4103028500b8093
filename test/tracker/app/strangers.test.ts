import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpStream } from '../../support/http-strangers.js'
import { besiege, below, CHANGES, oneOf, randomBytes } from '../../support/strangers.js'
import { announceQuery, compactPeers, startTrack } from '../../support/track.js'
import { announcePacket, connectPacket, scrapePacket } from '../udp/packets.js'

const HASH = 'ab'.repeat(20)
const PATHS = [
  announceQuery(HASH, { compact: 1, numwant: 200, event: 'started' }),
  announceQuery(HASH, { ip: '1.2.3.4', key: 'x', trackerid: 'y', no_peer_id: 1, left: 5 }),
  `/scrape?info_hash=${HASH.replace(/../g, '%$&')}`,
  ...['/scrape', '/', '/stats', '/file?info_hash=', '/-/health', '/-/metrics', '/torrents?page=2'],
]

function packet(): Buffer {
  if (below(10) === 0) return randomBytes(1400)
  const id = randomBytes(8).length === 8 ? randomBytes(8) : Buffer.alloc(8)
  const packets = [connectPacket(), announcePacket(id), scrapePacket(id, ['torrent'])]
  return oneOf(CHANGES)(oneOf(packets)).subarray(0, 1400)
}

test('whatever strangers send to a tracker, the next peer is answered, and nothing is an error', async (t) => {
  const tracker = await startTrack(t)
  let left = 250
  const stream = () => httpStream(PATHS)
  await besiege({ port: tracker.port, stream, packet }, () => left-- <= 0)
  const hash = 'cd'.repeat(20)
  await tracker.ask(announceQuery(hash, { peer: 'one', port: 4001 }))
  const answer = await tracker.ask(
    announceQuery(hash, { peer: 'two', port: 4002, left: 1, compact: 1 }),
  )
  assert.deepEqual(compactPeers(answer), ['127.0.0.1:4001'])
  assert.doesNotMatch(tracker.stderr.text + tracker.stdout.text, /internal error|" 500 /)
})
