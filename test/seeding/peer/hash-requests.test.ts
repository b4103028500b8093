import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTracker } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { listenLocally } from '../../support/listen.js'
import { peerMessage } from '../../support/peer-message.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { referenceTree } from '../../support/reference-trees.js'
import { connectPeer, plantFile, startSeed, whenUnchoked, seedFile } from '../../support/seed.js'

const BLOCK = 16_384
const CONTENT = pseudoRandom(8 * BLOCK, 9)

/** Messages of BEP 52. */
const HASH_REQUEST = 21
const HASHES = 22

test('hashes of blocks are answered right after a request for one of these blocks', async (t) => {
  const { infoHash, port } = await seedFile(t, ['--v2'], CONTENT)
  const peer = await connectPeer(t, port, { infoHash })
  const { wire, socket, ask } = peer
  await whenUnchoked(peer)
  // Pieces of 64 KiB have four blocks
  const { root, layer } = referenceTree(CONTENT, BLOCK)
  const numbers = peerMessage(HASH_REQUEST, 0, 4, 4, 0)
  const request = Buffer.concat([numbers.subarray(0, 5), root, numbers.subarray(5)])
  request.writeUInt32BE(request.length - 4)
  const answered = once(wire, 'unknownmessage') as Promise<[Buffer]>
  const block = ask(1, 0, BLOCK)
  socket.write(request)
  await block
  const [answer] = await answered
  assert.equal(answer[0], HASHES)
  assert.deepEqual(answer.subarray(49), Buffer.from(layer?.subarray(4 * 32, 8 * 32) ?? []))
})

test('a peer that a tracker names by its DNS name is called (BEP 3)', async (t) => {
  const peer = createServer()
  const called = once(peer, 'connection') as Promise<[Socket]>
  // The name may stand for either address
  peer.listen(0, '::')
  await once(peer, 'listening')
  t.after(() => peer.close())
  const { port } = peer.address() as AddressInfo
  const named = `d2:ip9:localhost7:peer id20:${'a'.repeat(20)}4:porti${port}ee`
  const tracker = createTracker((_, response) => {
    response.end(`d8:intervali1800e5:peersl${named}ee`)
  })
  const url = `http://127.0.0.1:${await listenLocally(t, tracker)}/announce`
  const { torrent } = await plantFile(t, [url])
  await startSeed(t, [torrent])
  const [socket] = await called
  socket.destroy()
})
