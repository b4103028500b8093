import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ChunkPool } from '../../../src/seeding/peer/chunk-pool.js'
import { Peer, type PeerHost } from '../../../src/seeding/peer/peer.js'
import { infoHashOf } from '../../support/info-hashes.js'
import { peerMessage as message } from '../../support/peer-message.js'
import { until } from '../../support/until.js'

const MIB = 1024 * 1024
const CHUNK = 256 * 1024
const PIECES = 10_000

/** The other end of a connection. It reads nothing before `readAll`. */
class Remote extends Duplex {
  readonly remoteAddress = '10.0.0.1'
  /** Bytes that were sent and not read, with the memory that they hold. */
  readonly unread: Uint8Array[] = []
  #isReading = false
  #next: (() => void) | null = null

  override _read(): void {
    // It sends by `push`
  }

  override write(bytes: Uint8Array, ...more: readonly unknown[]): boolean {
    this.unread.push(bytes)
    return super.write(...([bytes, ...more] as Parameters<Duplex['write']>))
  }

  override _write(_bytes: Uint8Array, _encoding: string, done: () => void): void {
    if (this.#isReading) done()
    else this.#next = done
  }

  readAll(): void {
    this.#isReading = true
    this.unread.length = 0
    this.#next?.()
  }

  setNoDelay(): void {
    // It has no network
  }

  get buffers(): Set<ArrayBufferLike> {
    return new Set(this.unread.map(({ buffer }) => buffer))
  }
}

/** A seed of one torrent whose pieces have a chunk each. All peers get slots, or none does. */
function startHost({ hasSlots = true, isSlow = false } = {}) {
  const torrent = { hashes: [infoHashOf('ab'.repeat(20))], peers: 0, uploaded: 0 }
  const reads = { count: 0, finish: (): void => undefined, done: Promise.resolve() }
  reads.done = new Promise((resolve) => (reads.finish = resolve))
  let last = { piece: -1, chunk: Buffer.alloc(0) }
  const content = {
    // Peers without a slot may fetch ten pieces
    pieceCount: hasSlots ? PIECES : 10,
    info: Buffer.alloc(100),
    metainfo: { pieceLength: CHUNK },
    memory: new ChunkPool(),
    has: () => true,
    peek: (piece: number, offset: number, length: number) => {
      if (isSlow) return null
      if (piece !== last.piece) last = { piece, chunk: Buffer.allocUnsafeSlow(CHUNK) }
      return last.chunk.subarray(offset, offset + length)
    },
    load: () => {
      reads.count++
      return reads.done
    },
  }
  const slots = {
    used: 1,
    want: (peer: { unchoke(): void }) => {
      if (hasSlots) peer.unchoke()
    },
    leave: () => undefined,
  }
  const fail = (...[, error]: readonly unknown[]) => {
    throw error
  }
  const host = {
    ...{ peerId: 'cd'.repeat(20), version: '0', throttle: null, slots, held: { bytes: 0 } },
    readAhead: 8,
    ...{ portFor: () => 1, monotonic: () => 0, find: () => torrent, admits: () => true },
    ...{ load: () => Promise.resolve(content), fail, onFault: fail.bind(null, null) },
    ...{ onRefused: () => undefined, onClosed: () => undefined },
  } as unknown as PeerHost
  /** A peer that has said which torrent it wants. */
  const greet = async ({ hasFast = true } = {}) => {
    const remote = new Remote()
    const peer = new Peer(remote as unknown as Socket, host)
    const handshake = Buffer.alloc(68)
    handshake.write('\x13BitTorrent protocol', 'latin1')
    // The fast extension (BEP 6)
    handshake[27] = hasFast ? 4 : 0
    handshake.write('ab'.repeat(20), 28, 'hex')
    remote.push(handshake)
    await until('it is greeted', () => remote.unread.length > 0)
    return { remote, peer }
  }
  /** A peer that asks for much. */
  const connectPeer = async (n: number) => {
    const { remote, peer } = await greet()
    const requests = Array.from({ length: 100 }, (_, at) => {
      return message(6, (100 * n + at) % PIECES, 0, 16_384)
    })
    remote.push(Buffer.concat([message(2), ...requests]))
    await until('it has asked', () => torrent.uploaded > 0 && remote.readableLength === 0)
    return { remote, peer }
  }
  return { host, torrent, reads, greet, connectPeer }
}

test('peers that read nothing hold 64 MiB together, and one that reads gets all', async () => {
  const { host, torrent, connectPeer } = startHost()
  const peers = await Promise.all(Array.from({ length: 150 }, (_, n) => connectPeer(n)))
  let held = 0
  for (const { remote } of peers) for (const { byteLength } of remote.buffers) held += byteLength
  assert.ok(held < 100 * MIB, `${Math.round(held / MIB)} MiB`)
  const before = torrent.uploaded
  const { remote, peer } = await connectPeer(150)
  remote.readAll()
  await until('it has all', () => torrent.uploaded === before + 100 * 16_384)
  for (const each of [...peers, { peer }]) each.peer.destroy()
  await until('nothing is held', () => host.held.bytes === 0)
})

test('a peer that leaves 1,000 messages unread gets no further one, and is left', async () => {
  const { greet } = startHost()
  const { remote, peer } = await greet()
  const turns = Buffer.concat(Array<Buffer>(1100).fill(Buffer.concat([message(2), message(3)])))
  for (let at = 0; at < turns.length && !remote.destroyed; at += 1000) {
    remote.push(turns.subarray(at, at + 1000))
    await until('it is heard', () => remote.destroyed || remote.readableLength === 0)
    peer.look(0)
  }
  assert.deepEqual([remote.destroyed, remote.unread.length], [true, 1000])
})

/** What a peer is told of its requests: messages of choking and rejects, with their numbers. */
function toldOf({ unread }: Remote): string[] {
  const names: Readonly<Record<number, string>> = { 0: 'choke', 1: 'unchoke', 16: 'reject' }
  const bytes = Buffer.concat(unread)
  const told: string[] = []
  for (let at = 68; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    const name = names[bytes[at + 4] ?? -1]
    const piece = name === 'reject' ? ` ${bytes.readUInt32BE(at + 5)}` : ''
    if (name !== undefined) told.push(name + piece)
  }
  return told
}

test('a peer is told of each request that stays unanswered (BEP 6)', async (t) => {
  const { greet } = startHost({ isSlow: true })
  const { remote, peer } = await greet()
  t.after(() => {
    peer.destroy()
  })
  const [requests, cancel] = [
    [20, 21, 22].map((n) => message(6, n, 0, 16_384)),
    message(8, 21, 0, 16_384),
  ]
  remote.push(
    Buffer.concat([message(2), ...requests, cancel, cancel, message(3), message(6, 23, 0, 16_384)]),
  )
  await until('it is told of the last one', () => toldOf(remote).includes('reject 23'))
  assert.deepEqual(toldOf(remote), [
    'unchoke',
    'reject 21',
    'choke',
    'reject 20',
    'reject 22',
    'reject 23',
  ])
})

for (const [what, id] of [
  ['requests that it may not make', 6],
  ['cancels of what it did not ask for', 8],
] as const) {
  test(`a peer that sends 2,000 ${what} is heard, and then left`, async () => {
    const { greet } = startHost()
    const { remote } = await greet()
    remote.readAll()
    const one = message(id, 23, 0, 16_384)
    for (let n = 0; n < 4; n++) {
      remote.push(Buffer.concat(Array<Buffer>(500).fill(one)))
      // Answers that wait to be read are limited, too
      await setImmediate()
      assert.equal(remote.destroyed, false)
    }
    remote.push(one)
    await until('it is left', () => remote.destroyed)
  })
}

test('a peer may send ten extended handshakes (BEP 10)', async () => {
  const { greet } = startHost()
  const { remote } = await greet()
  const handshake = Buffer.concat([Buffer.from([0, 0, 0, 4, 20, 0]), Buffer.from('de')])
  remote.push(Buffer.concat(Array<Buffer>(10).fill(handshake)))
  await until('they are heard', () => remote.readableLength === 0)
  assert.equal(remote.destroyed, false)
  remote.push(handshake)
  await until('it is left', () => remote.destroyed)
})

test('of peers without a slot, only some are read for at once', async () => {
  const { host, reads, greet } = startHost({ hasSlots: false, isSlow: true })
  const peers = await Promise.all(Array.from({ length: 600 }, () => greet()))
  for (const { remote } of peers) remote.push(message(6, 1, 0, 16_384))
  await until('all have asked', () => peers.every(({ remote }) => remote.readableLength === 0))
  for (const { peer } of peers) peer.look(0)
  assert.equal(reads.count, 256)
  for (const { peer } of peers) peer.destroy()
  reads.finish()
  await until('nothing is held', () => host.held.bytes === 0)
})

/** Bytes in one part as a socket gives them. */
const PART = 64 * 1024

test('a peer that sends without end is heard a little each second', async (t) => {
  const { greet } = startHost()
  const { remote, peer } = await greet()
  t.after(() => {
    peer.destroy()
  })
  for (let n = 0; n < 64; n++) remote.push(Buffer.alloc(PART))
  for (let second = 1; second <= 3; second++) {
    await until('it is held', () => remote.isPaused())
    assert.ok(remote.readableLength >= (64 - 4 * second) * PART, `${remote.readableLength}`)
    peer.look(0)
  }
  await until('all is heard', () => {
    peer.look(0)
    return remote.readableLength === 0
  })
})

test('a peer is heard as long as it asks for blocks and reads them', async (t) => {
  const { greet, torrent } = startHost()
  const { remote, peer } = await greet()
  t.after(() => {
    peer.destroy()
  })
  remote.readAll()
  remote.push(message(2))
  // More than a second's bytes
  const requests = Buffer.concat(Array<Buffer>(400).fill(message(6, 1, 0, 16_384)))
  for (let n = 1; n <= 25; n++) {
    remote.push(requests)
    await until('it has them', () => torrent.uploaded === n * 400 * 16_384)
  }
})

test('a peer without the fast extension gets each block, however many it asks for', async (t) => {
  const { greet, torrent } = startHost()
  const { remote, peer } = await greet({ hasFast: false })
  t.after(() => {
    peer.destroy()
  })
  const requests = Array<Buffer>(3000).fill(message(6, 1, 0, 16_384))
  remote.push(Buffer.concat([message(2), ...requests]))
  await until('it is held', () => remote.isPaused())
  remote.push(Buffer.concat(requests.slice(0, 500)))
  remote.readAll()
  await until('it has all', () => torrent.uploaded === 3500 * 16_384)
})
