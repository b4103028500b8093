import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startExecutable } from '../../support/executable.js'
import { findFreePort } from '../../support/opentracker.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { parseJson, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { connectPeer, whenUnchoked, type TestPeer } from '../../support/seed.js'
import { until } from '../../support/until.js'

const PIECE = 65_536
const BLOCK = 16_384
const SIZE = 128 * PIECE
const CONTENT = pseudoRandom(SIZE, 1)

/** A torrent, and a function that starts a process that seeds it. */
async function plant(t: TestContext) {
  const data = join(makeScratch(t, { 'a.bin': CONTENT }), 'a.bin')
  const make = ['makemetafile', data, '--trackerless', '-l', '16', '--json', '--no-cache']
  const { infoHash } = parseJson(await runBtkit(make)) as { infoHash: string }
  // Data of the last two seconds is not seeded
  await setTimeout(2500)
  const port = await findFreePort()
  const start = async () => {
    const args = ['seed', dirname(data), '--host', '127.0.0.1', '--port', String(port)]
    const child = startExecutable('btkit', [...args, '--no-cache'], { t })
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await until('it seeds', () => text.includes('added'))
    return child
  }
  return { infoHash, port, start }
}

interface Leecher {
  readonly port: number
  readonly infoHash: string
  /** The address of the peer itself. */
  readonly from: string
}

/** Downloads all blocks that are missing. Returns whether none is missing now. */
async function fetchBlocks(peer: TestPeer, missing: Set<number>): Promise<boolean> {
  await whenUnchoked(peer).catch(() => undefined)
  const next = async () => {
    for (const at of missing) {
      missing.delete(at)
      const block = await peer.ask(Math.floor(at / PIECE), at % PIECE, BLOCK).catch(() => null)
      if (block === null) {
        missing.add(at)
        return
      }
      assert.ok(block.equals(CONTENT.subarray(at, at + BLOCK)), `wrong bytes at ${at}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, next))
  return missing.size === 0
}

/** Downloads everything, and calls again whenever the connection ends. */
async function leech(t: TestContext, { port, ...identity }: Leecher): Promise<void> {
  const missing = new Set(Array.from({ length: SIZE / BLOCK }, (_, n) => n * BLOCK))
  for (;;) {
    const peer = await connectPeer(t, port, identity).catch(() => null)
    if (peer && (await fetchBlocks(peer, missing))) {
      peer.socket.destroy()
      return
    }
    await setTimeout(200)
  }
}

/** Downloads everything ten times. */
async function leechOften(t: TestContext, leecher: Leecher): Promise<void> {
  for (let n = 0; n < 10; n++) await leech(t, leecher)
}

/** A request for one block, as a message. */
function requestOf(piece: number, offset: number, length: number): Buffer {
  const message = Buffer.alloc(17)
  message.writeUInt32BE(13)
  message[4] = 6
  message.writeUInt32BE(piece, 5)
  message.writeUInt32BE(offset, 9)
  message.writeUInt32BE(length, 13)
  return message
}

const HANDSHAKE = Buffer.concat([Buffer.from('\x13BitTorrent protocol', 'latin1'), Buffer.alloc(8)])

/** Each is sent after a handshake. */
const MESSAGES: readonly ((peer: TestPeer) => void)[] = [
  ({ socket }) => socket.write(Buffer.from([0x40, 0, 0, 0, 6])),
  ({ socket }) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 7])),
  ({ socket }) => {
    const many = Buffer.concat(Array<Buffer>(1000).fill(requestOf(0, 0, BLOCK)))
    for (let n = 0; n < 100; n++) socket.write(many)
  },
  ({ socket }) => {
    socket.pause()
    for (let n = 0; n < 500; n++) socket.write(requestOf(n % 128, 0, BLOCK))
  },
  ({ wire }) => {
    for (let n = 0; n < 1000; n++)
      wire.extended('ut_metadata', Buffer.from('d8:msg_typei0e5:piecei0ee'))
  },
  ({ socket }) => socket.write(requestOf(4_000_000_000, 0, BLOCK)),
  // Interest and none, in turn, of which it reads no answer
  ({ socket }) => {
    socket.pause()
    const many = Buffer.concat(Array<Buffer>(5000).fill(Buffer.from('00000001020000000103', 'hex')))
    for (let n = 0; n < 20; n++) socket.write(many)
  },
  ({ socket }) => socket.write(extended('l-3:')),
  ({ socket }) => socket.write(extended('d1:md11:ut_metadatai0eee')),
  // Blocks of a byte, of which it reads none
  ({ socket }) => {
    socket.pause()
    socket.write(Buffer.from('0000000102', 'hex'))
    const many = Buffer.concat(Array<Buffer>(400).fill(requestOf(0, 0, 1)))
    for (let n = 0; n < 100; n++) socket.write(many)
  },
]

/** An extended handshake (BEP 10). */
function extended(text: string): Buffer {
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 20, 0]), Buffer.from(text)])
  bytes.writeUInt32BE(bytes.length - 4)
  return bytes
}

/** Sent instead of a handshake. */
const BEGINNINGS: readonly Buffer[] = [
  HANDSHAKE.subarray(0, 10),
  HANDSHAKE,
  Buffer.concat([HANDSHAKE, Buffer.alloc(40, 0xab)]),
  pseudoRandom(700, 5),
]

/** A hostile peer of each kind, calling again and again, until stopped. */
async function besiege(
  t: TestContext,
  { port, infoHash }: Omit<Leecher, 'from'>,
  signal: AbortSignal,
) {
  const kinds = [
    ...MESSAGES.map((act) => async (from: string) => {
      const peer = await connectPeer(t, port, { infoHash, from })
      act(peer)
      await Promise.race([peer.closed, setTimeout(1000)])
      peer.socket.destroy()
    }),
    ...BEGINNINGS.map((bytes) => async (from: string) => {
      // All of a kind at once, from one address
      for (let n = 0; n < 50; n++) {
        const socket = connect({ host: '127.0.0.1', port, localAddress: from })
        socket.on('error', () => undefined)
        socket.write(bytes)
        signal.addEventListener('abort', () => socket.destroy())
      }
      await setTimeout(500)
    }),
  ]
  await Promise.all(
    kinds.map(async (act, n) => {
      while (!signal.aborted) {
        await act(`127.0.2.${n + 1}`).catch(() => undefined)
        await setTimeout(50)
      }
    }),
  )
}

test('honest peers get every byte beside hostile ones of each kind, in 250 MiB', async (t) => {
  const { infoHash, port, start } = await plant(t)
  const child = await start()
  const measure = async (network: number) => {
    const begun = performance.now()
    await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        leechOften(t, { port, infoHash, from: `127.0.${network}.${n + 1}` }),
      ),
    )
    return Math.round(performance.now() - begun)
  }
  const alone = await measure(3)
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const siege = besiege(t, { port, infoHash }, stopping.signal)
  await setTimeout(1000)
  const beside = await measure(4)
  stopping.abort()
  await siege
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1')
  const peak = Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
  // All peers here share a process, so these times do not show what the seed gives honest ones
  t.diagnostic(`${alone} ms alone, ${beside} ms beside hostile peers, peak ${peak} MiB`)
  assert.ok(peak > 0 && peak <= 250, `${peak} MiB`)
})
