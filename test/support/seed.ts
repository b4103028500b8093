import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import Wire from 'bittorrent-protocol'
import { Captured, runBtkit, type RunResult } from './run-btkit.js'
import { until } from './until.js'

/** A `btkit seed` that runs inside the test. */
export interface RunningSeed {
  readonly port: number
  readonly stdout: Captured
  readonly stderr: Captured
  /** Sends SIGTERM, and resolves with what the program came to. */
  readonly stop: () => Promise<RunResult>
}

/** Seeds until the test ends; what was written a moment ago counts as old. */
export async function startSeed(t: TestContext, args: readonly string[]): Promise<RunningSeed> {
  const [stdout, stderr] = [new Captured(), new Captured()]
  const stopping = new AbortController()
  const where = ['--host', '127.0.0.1', '--port', '0', '--parse-dir-interval', '1', '--no-cache']
  const ended = runBtkit(['seed', ...where, ...args], {
    now: () => Date.now() + 10_000,
    signal: stopping.signal,
    stdout,
    stderr,
  })
  const stop = async () => {
    stopping.abort()
    const { status } = await ended
    return { status, stdout: stdout.text, stderr: stderr.text, bytes: stdout.bytes }
  }
  t.after(stop)
  const port = () => Number(/listening on port (\d+)/.exec(stderr.text)?.[1] ?? 0)
  await until('it listens', () => port() > 0)
  return { port: port(), stdout, stderr, stop }
}

/** A peer that downloads, spoken by the package alone. */
export interface TestPeer {
  readonly wire: Wire
  readonly socket: Socket
  /** Resolves when the connection is over. */
  readonly closed: Promise<unknown>
  /** Asks for bytes of a piece. */
  readonly ask: (piece: number, offset: number, length: number) => Promise<Buffer>
}

/** Connects to a seed as a peer of a torrent, and waits until both have said who they are. */
export async function connectPeer(
  t: TestContext,
  port: number,
  { infoHash, encryption = 0 }: { readonly infoHash: string; readonly encryption?: 0 | 2 },
): Promise<TestPeer> {
  const socket = connect({ host: '127.0.0.1', port })
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const wire = new Wire('tcpOutgoing', encryption)
  wire.extendedMapping = { 2: 'ut_metadata' }
  const stream = wire as unknown as NodeJS.ReadWriteStream
  socket.pipe(stream).pipe(socket)
  // A reset is an end, too
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const known = once(wire, 'extended')
  if (encryption > 0) {
    wire.startEncryption(infoHash)
    await Promise.race([once(wire, 'crypto-handshake'), closed])
  }
  wire.handshake(infoHash, Buffer.alloc(20, 'x').toString('hex'), { fast: true })
  await Promise.race([known, closed])
  const ask = (piece: number, offset: number, length: number) => {
    return new Promise<Buffer>((resolve, reject) => {
      const request = wire as unknown as {
        request: (
          ...asked: [number, number, number, (error: Error | null, bytes: Uint8Array) => void]
        ) => void
      }
      request.request(piece, offset, length, (error, bytes) => {
        if (error) reject(error)
        else resolve(Buffer.from(bytes))
      })
      void closed.then(() => {
        reject(new Error('closed'))
      })
    })
  }
  return { wire, socket, closed, ask }
}

/** Says that a peer wants data, and waits until it may ask. */
export async function whenUnchoked({ wire }: TestPeer): Promise<void> {
  const unchoked = once(wire, 'unchoke')
  ;(wire as unknown as { interested: () => void }).interested()
  await unchoked
}
