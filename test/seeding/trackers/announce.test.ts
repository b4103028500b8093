import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { announceSeed, canAnnounce } from '../../../src/seeding/trackers/announce.js'
import { infoHashOf } from '../../support/info-hashes.js'

/** The options after an announce to a tracker over UDP whose URL has this path and query. */
async function optionsFor(t: TestContext, path: string): Promise<Buffer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  const options: Buffer[] = []
  socket.on('message', (packet, from) => {
    const isConnect = packet.readUInt32BE(8) === 0
    if (!isConnect) options.push(packet.subarray(98))
    const rest = isConnect ? Buffer.from('identity') : Buffer.alloc(12)
    socket.send(Buffer.concat([packet.subarray(8, 16), rest]), from.port, from.address)
  })
  const url = `udp://127.0.0.1:${socket.address().port}${path}`
  assert.ok(canAnnounce(url))
  await announceSeed({
    ...{ url, infoHash: infoHashOf('ab'.repeat(20)), peerId: 'cd'.repeat(20), address: null },
    ...{ port: 1, uploaded: 0, event: null, wanted: 0, key: 1, trackerId: null },
    signal: new AbortController().signal,
  })
  return Buffer.concat(options)
}

test("a UDP tracker gets its URL's path and query, as from libtorrent (BEP 41)", async (t) => {
  // libtorrent 2.0.8 sends these bytes
  const known = Buffer.from('\x02\x1c/announce/x?passkey=K&y=%20z', 'latin1')
  assert.deepEqual(await optionsFor(t, '/announce/x?passkey=K&y=%20z'), known)
  assert.deepEqual(await optionsFor(t, ''), Buffer.of())
  const long = `/${'p'.repeat(299)}`
  const parts = [Buffer.of(2, 255), long.slice(0, 255), Buffer.of(2, 45), long.slice(255)]
  assert.deepEqual(await optionsFor(t, long), Buffer.concat(parts.map((part) => Buffer.from(part))))
})
