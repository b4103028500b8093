import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { announceSeed, canAnnounce } from '../../../src/seeding/trackers/announce.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { serveLocally } from '../../support/listen.js'

function announceTo(url: string) {
  assert.ok(canAnnounce(url))
  return announceSeed({
    ...{ url, infoHash: infoHashOf('ab'.repeat(20)), peerId: 'cd'.repeat(20), address: null },
    ...{ port: 1, uploaded: 0, event: null, wanted: 0, key: 1, trackerId: null },
    signal: new AbortController().signal,
  })
}

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
  await announceTo(`udp://127.0.0.1:${socket.address().port}${path}`)
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

test('of peers in a list of dictionaries, those with a host and a port are taken (BEP 3)', async (t) => {
  const peers = [
    ...['d2:ip9:192.0.2.14:porti1ee', 'd2:ip9:a.examplx4:porti65535ee'],
    ...['i1e', 'd4:porti1ee', 'd2:ip9:192.0.2.2e', 'd2:ip9:192.0.2.24:port1:1e'],
    ...['d2:ip9:192.0.2.24:porti0ee', 'd2:ip9:192.0.2.24:porti65536ee', 'd2:ip3:1.24:porti1ee'],
  ]
  const port = await serveLocally(t, (_request, response) => {
    response.end(`d8:intervali60e5:peersl${peers.join('')}ee`)
  })
  assert.deepEqual((await announceTo(`http://127.0.0.1:${port}/announce`)).peers, [
    { host: '192.0.2.1', port: 1 },
    { host: 'a.examplx', port: 65_535 },
  ])
})
