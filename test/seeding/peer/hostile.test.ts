import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import {
  CONTENT,
  connectPeer,
  download,
  plantFile,
  startSeed,
  seedFile,
} from '../../support/seed.js'
import type { TestPeer } from '../../support/seed.js'
import { peerMessage as message } from '../../support/peer-message.js'
import { until } from '../../support/until.js'
import { longTest } from '../../support/long.js'
import { hurryDisplay } from '../../support/quick-times.js'
import { importMocks } from '../../support/import-mocks.js'

hurryDisplay()

/** An extended message (BEP 10). */
function extended(id: number, text: string): Buffer {
  const bytes = Buffer.concat([message(20), Buffer.from([id]), Buffer.from(text)])
  bytes.writeUInt32BE(bytes.length - 4)
  return bytes
}

const [INTERESTED, NOT_INTERESTED] = [message(2), message(3)]
const REQUEST = message(6, 0, 0, 16_384)
const CANCEL = message(8, 0, 0, 16_384)

/** Sends the same again and again, and reads nothing. */
function repeat({ wire, socket }: TestPeer, bytes: Buffer, times: number): void {
  socket.pause()
  wire.setMaxListeners(0)
  const many = Buffer.concat(Array<Buffer>(1000).fill(bytes))
  for (let n = 0; n < times; n += 1000) socket.write(many)
}

/** Each makes a seed end the connection. */
const LEFT: Readonly<Record<string, (peer: TestPeer) => void>> = {
  'a length of a gigabyte': ({ socket }) => socket.write(Buffer.from([0x40, 0, 0, 0, 6])),
  'a length beyond 2^31': ({ socket }) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 6])),
  'a request beyond the end': ({ socket }) => {
    const message = Buffer.alloc(17)
    message.writeUInt32BE(13)
    message[4] = 6
    message.writeUInt32BE(4_000_000_000, 5)
    message.writeUInt32BE(16_384, 13)
    socket.write(message)
  },
  'a piece that nobody asked for': ({ socket }) => {
    socket.write(Buffer.concat([Buffer.from([0, 0, 0, 13, 7]), Buffer.alloc(12)]))
  },
  'a request of a wrong length': ({ socket }) => socket.write(message(6, 0, 0)),
  'requests without end, of which it reads no answer': (peer) => {
    repeat(peer, REQUEST, 100_000)
  },
  'interest and none without end, and reads no answer': (peer) => {
    repeat(peer, Buffer.concat([INTERESTED, NOT_INTERESTED]), 500_000)
  },
  'requests that it cancels without end, and reads no answer': (peer) => {
    peer.socket.write(INTERESTED)
    repeat(peer, Buffer.concat([REQUEST, REQUEST, CANCEL]), 500_000)
  },
  'more requests for metadata than there is': ({ wire }) => {
    for (let n = 0; n < 1000; n++) {
      wire.extended('ut_metadata', Buffer.from('d8:msg_typei0e5:piecei0ee'))
    }
  },
  'more extended handshakes than it needs': ({ socket }) => {
    for (let n = 0; n < 20; n++) socket.write(extended(0, 'd1:md11:ut_metadatai3eee'))
  },
}

for (const [what, act] of Object.entries(LEFT)) {
  test(`a peer that sends ${what} is left, and others are served`, async (t) => {
    const { infoHash, port } = await seedFile(t)
    const hostile = await connectPeer(t, port, { infoHash })
    act(hostile)
    hostile.socket.resume()
    await hostile.closed
    const peer = await connectPeer(t, port, { infoHash })
    assert.ok((await download(peer)).equals(CONTENT))
  })
}

/** A bitfield, of which the last bits are beyond the eleven pieces. */
function bitfield(...bytes: readonly number[]): Buffer {
  return Buffer.from([0, 0, 0, 1 + bytes.length, 5, ...bytes])
}

const haves = (...pieces: readonly number[]) => {
  return Buffer.concat(pieces.map((piece) => message(4, piece)))
}

for (const [what, bytes, isSeed] of [
  ['a piece again and again', haves(...Array<number>(20).fill(3)), false],
  ['pieces of its bitfield again', Buffer.concat([bitfield(0xff, 0xc0), haves(0, 9)]), false],
  ['pieces that the torrent does not have', haves(...Array(40).keys()).subarray(9 * 9), false],
  ['bits beyond the last piece', bitfield(0xff, 0x9f), false],
  ['all pieces, one after the other', haves(...Array(11).keys()), true],
  ['all pieces, in one message of BEP 6', message(14), true],
  ['all pieces, some of them twice', Buffer.concat([bitfield(0xff, 0), haves(7, 9, 8, 10)]), true],
] as const) {
  // BEP 3: `have` and the bits of a bitfield name pieces
  test(`a peer that has ${what} is ${isSeed ? 'a seed, and is left' : 'served'}`, async (t) => {
    const { infoHash, port } = await seedFile(t)
    const peer = await connectPeer(t, port, { infoHash })
    peer.socket.write(bytes)
    if (isSeed) await peer.closed
    else assert.ok((await download(peer)).equals(CONTENT))
  })
}

/** None is a reason to end the connection. */
const BORNE: Readonly<Record<string, readonly Buffer[]>> = {
  'an extended handshake with a list of negative lengths': [extended(0, 'l-3:')],
  'an extended handshake with a dictionary of negative lengths': [extended(0, 'd-3:')],
  'an extended handshake that nests without end': [extended(0, 'l'.repeat(60_000))],
  'an extended handshake that is empty': [extended(0, '')],
  'an id of metadata that is 0, and requests': [
    extended(0, 'd1:md11:ut_metadatai0eee'),
    ...Array.from({ length: 10 }, (_, n) => message(6, n, 0, 16_384)),
    extended(1, 'd8:msg_typei0e5:piecei0ee'),
  ],
  'ids of metadata that no message can have': [
    extended(0, 'd1:md11:ut_metadatai-1eee'),
    extended(0, 'd1:md11:ut_metadatai99999999999999999999eee'),
    extended(0, 'd1:md11:ut_metadata1:xee'),
    extended(0, 'd1:mi3ee'),
    extended(1, 'd8:msg_typei0e5:piecei0ee'),
  ],
  'messages of no meaning': [message(99), message(13, 5), message(22, 1), message(16, 0, 0, 1)],
}

for (const [what, messages] of Object.entries(BORNE)) {
  test(`a peer that sends ${what} harms nobody`, async (t) => {
    const { infoHash, port, stderr } = await seedFile(t)
    const hostile = await connectPeer(t, port, { infoHash })
    for (const each of messages) hostile.socket.write(each)
    assert.ok((await download(hostile)).equals(CONTENT))
    const peer = await connectPeer(t, port, { infoHash })
    assert.ok((await download(peer)).equals(CONTENT))
    assert.doesNotMatch(stderr.text, /error/)
  })
}

test('the prime of encrypted handshakes is not checked for each connection', async (t) => {
  const { port } = await seedFile(t)
  const made = t.mock.method(crypto, 'createDiffieHellman')
  importMocks(t)
  for (let n = 0; n < 5; n++) {
    const socket = connect({ host: '127.0.0.1', port })
    t.after(() => socket.destroy())
    socket.write(Buffer.alloc(96, 0xab))
    await once(socket, 'data')
  }
  assert.ok(made.mock.callCount() <= 1, `made ${made.mock.callCount()} times`)
})

test('an address that opens many connections is refused the rest', async (t) => {
  const { port } = await seedFile(t)
  const sockets = Array.from({ length: 200 }, () => connect({ host: '127.0.0.1', port }))
  const open = new Set(sockets)
  for (const socket of sockets) {
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    t.after(() => socket.destroy())
  }
  await until('most are closed', () => open.size <= 70)
})

longTest(
  'a torrent that many addresses fill with 500 connections still takes one of another',
  async (t) => {
    const { torrent, infoHash } = await plantFile(t)
    const { port, stdout } = await startSeed(t, [torrent, '--json'])
    for (let address = 0; address < 9; address++) {
      const from = `127.0.5.${address + 1}`
      await Promise.all(Array.from({ length: 60 }, () => connectPeer(t, port, { infoHash, from })))
    }
    await until('it is full', () => /"peers":500\b/.test(stdout.text))
    const peer = await connectPeer(t, port, { infoHash, from: '127.0.6.1' })
    assert.ok((await download(peer)).equals(CONTENT))
  },
)
