import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import Wire from 'bittorrent-protocol'
import type { Io } from '../../src/cli/io.js'
import { plant } from './download.js'
import { pseudoRandom } from './pseudo-random.js'
import { parseJson, runBtkit, type RunningCommand, startBtkit } from './run-btkit.js'
import { makeScratch, type Files } from './scratch.js'
import { until } from './until.js'
import { beginDhtAt, NO_NODE } from './quick-times.js'

/** A `btkit seed` that runs inside the test. */
export interface RunningSeed extends RunningCommand {
  readonly port: number
}

/** The files of `seededRelease`. */
export const SEEDED: Files = {
  'release/a/one.bin': pseudoRandom(1_234_567, 1),
  'release/ümläut & more': pseudoRandom(300_000, 2),
}

/** The file of `plantFile`. */
export const CONTENT = pseudoRandom(700_000, 1)

/** A file with its torrent beside it, in pieces of 64 KiB. */
export async function plantFile(
  t: TestContext,
  args: readonly string[] = [],
  content: Uint8Array = CONTENT,
) {
  const directory = makeScratch(t, { 'a.bin': content })
  const data = join(directory, 'a.bin')
  const trackers = args.some((arg) => /^(http|wss)/.test(arg)) ? [] : ['--trackerless']
  const make = ['makemetafile', data, ...trackers, ...args, '-l', '16', '--json', '--no-cache']
  const made = parseJson(await runBtkit(make)) as { infoHash: string | null; infoHashV2: string }
  const infoHash = made.infoHash ?? made.infoHashV2.slice(0, 40)
  return { directory, data, torrent: `${data}.torrent`, infoHash }
}

/** The same, seeded from its place. */
export async function seedFile(...file: Parameters<typeof plantFile>) {
  const planted = await plantFile(...file)
  return { ...planted, ...(await startSeed(file[0], [planted.torrent])) }
}

/** A release that btkit seeds, known to its tracker. */
export async function seededRelease(t: TestContext, args: readonly string[] = []) {
  const release = await plant(t, SEEDED, args)
  const seed = await startSeed(t, [release.torrent, '--data', release.source])
  await until('a tracker knows it', async () => {
    return (await (await release.tracker.get('/scrape')).text()).includes('8:completei1e')
  })
  return { ...release, port: seed.port }
}

// Nobody answers there, and the public nodes are never asked
beginDhtAt(NO_NODE)

/** Seeds until the test ends; by default, what was written a moment ago counts as old. */
export async function startSeed(
  t: TestContext,
  args: readonly string[],
  { now = () => Date.now() + 10_000, ...io }: Partial<Pick<Io, 'now' | 'monotonic' | 'env'>> = {},
): Promise<RunningSeed> {
  const where = ['--host', '127.0.0.1', '--port', '0', '--parse-dir-interval', '1', '--no-cache']
  const running = startBtkit(t, ['seed', ...where, ...args], { now, ...io })
  const port = Number(await running.said(/listening on port (\d+)/))
  if (args.some((arg) => arg.endsWith('.torrent'))) await running.said(/added|not whole/)
  return { ...running, port }
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

interface PeerIdentity {
  readonly infoHash: string
  readonly encryption?: 0 | 2
  /** The peer's own address: a seed limits the connections of each. */
  readonly from?: string
}

/** Connects to a seed as a peer of a torrent, and waits until both have said who they are. */
export async function connectPeer(
  t: TestContext,
  port: number,
  { infoHash, encryption = 0, from = '127.0.0.1' }: PeerIdentity,
): Promise<TestPeer> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from })
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
export async function whenUnchoked({ wire, closed }: TestPeer): Promise<void> {
  const unchoked = once(wire, 'unchoke')
  ;(wire as unknown as { interested: () => void }).interested()
  const ended = closed.then(() => {
    throw new Error('closed before it was unchoked')
  })
  await Promise.race([unchoked, ended])
}

/** Downloads the file of `plantFile`, or another one of a size in bytes. */
export async function download(peer: TestPeer, size: number = CONTENT.length): Promise<Buffer> {
  await whenUnchoked(peer)
  const blocks: Promise<Buffer>[] = []
  for (let at = 0; at < size; at += 16_384) {
    const length = Math.min(16_384, size - at)
    blocks.push(peer.ask(Math.floor(at / 65_536), at % 65_536, length))
  }
  return Buffer.concat(await Promise.all(blocks))
}
