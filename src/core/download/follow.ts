import { BtkitError } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { hasTracker } from '../../metainfo/trackers.js'
import type { InfoHash } from '../../metainfo/values.js'
import { count } from '../../base/text/quantity.js'
import {
  clientInfoHash,
  isBroken,
  isSeeded,
  isWhole,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../publish/client.js'
import { waitFor, type Waiting } from '../publish/wait-for.js'

/** How to follow a download. */
export interface DownloadWatch {
  readonly waiting: Omit<Waiting, 'limitMs'>
  /** Called after each look at the torrent, with its state and a stall if there is one. */
  readonly onLook: (torrent: ClientTorrent, stall: Stall | null) => void
}

/** The time limit for a new torrent to appear in the list, in milliseconds. */
const TAKE_UP_MS = 30_000

/** How often a download is looked at, in milliseconds. */
const PAUSE_MS = 500

/**
 * Adds a torrent to a client, and starts it.
 * @param how `beforeStart` prepares what the download needs, after the client has added it
 * @throws BtkitError `client` if the client has the torrent already or refuses it, and errors of
 *   `beforeStart`
 */
export async function beginDownload(
  client: TorrentClient,
  torrent: PublishedTorrent,
  how: Omit<Waiting, 'limitMs'> & { readonly beforeStart: () => void },
): Promise<void> {
  const infoHash = clientInfoHash(torrent.metainfo)
  await refuseKnown(client, infoHash)
  const [failure] = await client.add([torrent])
  if (failure) throw failure
  if (!(await whenListed(client, infoHash, { ...how, limitMs: TAKE_UP_MS, is: true }))) {
    const what = 'did not start the torrent in time; check the client'
    throw new BtkitError('client', `${client.label}: ${what}`)
  }
  try {
    how.beforeStart()
  } catch (error) {
    await client.remove([infoHash])
    throw error
  }
  await client.start([infoHash])
}

/**
 * Resolves when the client has all of a torrent, as far as it knows.
 * @param watch `advice` is what may help if no peer is connected.
 * @throws BtkitError `client` if the client cannot continue, `interrupted`
 */
export async function whenWhole(
  client: TorrentClient,
  metainfo: Metainfo,
  { waiting, onLook, advice }: DownloadWatch & { readonly advice: string | null },
): Promise<void> {
  const stalls = new StallWatch(waiting.monotonic, { metainfo, advice })
  const look = (torrent: ClientTorrent) => {
    onLook(torrent, stalls.look(torrent))
    return isSeeded(torrent) && isWhole(torrent)
  }
  await follow(client, clientInfoHash(metainfo), { ...waiting, look })
}

/**
 * Seeds until a goal is reached: `ratio` bytes sent for each byte of content, or `timeMs`
 * milliseconds; null for no such goal.
 * @throws BtkitError `client` if the client cannot continue, `interrupted`
 */
export async function seedUntil(
  client: TorrentClient,
  infoHash: InfoHash,
  {
    ratio,
    timeMs,
    waiting,
    onLook,
  }: DownloadWatch & { readonly ratio: number | null; readonly timeMs: number | null },
): Promise<void> {
  const { monotonic } = waiting
  const end = timeMs === null ? Infinity : monotonic() + timeMs
  const look = (torrent: ClientTorrent) => {
    onLook(torrent, null)
    return monotonic() >= end || (ratio !== null && torrent.ratio >= ratio)
  }
  await follow(client, infoHash, { ...waiting, look })
}

/** Passes a torrent's state to `look` again and again, until that returns true. */
async function follow(
  client: TorrentClient,
  infoHash: InfoHash,
  {
    look,
    ...waiting
  }: DownloadWatch['waiting'] & { readonly look: (torrent: ClientTorrent) => boolean },
): Promise<void> {
  const lookOnce = async () => {
    const torrent = await findTorrent(client, infoHash)
    if (!torrent) {
      const what = 'no longer has the torrent; run the command again'
      throw new BtkitError('client', `${client.label}: ${what}`)
    }
    const isOver = look(torrent)
    refuseBroken(client, torrent)
    return { value: null, isOver }
  }
  await waitFor({ ...waiting, limitMs: Infinity }, lookOnce, PAUSE_MS)
}

/**
 * Throws if the client reports that a torrent cannot be downloaded or seeded.
 * @throws BtkitError `client`
 */
export function refuseBroken({ label }: TorrentClient, torrent: ClientTorrent | undefined): void {
  if (!torrent || !isBroken(torrent)) return
  throw new BtkitError('client', `${label}: ${torrent.message ?? torrent.state}`)
}

/** Returns a torrent of a client's list; undefined if it is missing. */
export async function findTorrent(
  client: TorrentClient,
  infoHash: InfoHash,
): Promise<ClientTorrent | undefined> {
  return (await client.list([infoHash])).find((torrent) => torrent.infoHash === infoHash)
}

/** @throws BtkitError `client` if the client has a torrent already */
export async function refuseKnown(client: TorrentClient, infoHash: InfoHash): Promise<void> {
  if (!(await findTorrent(client, infoHash))) return
  throw new BtkitError('client', `${client.label}: has this torrent already`)
}

/** Waits until a client lists a torrent, or no longer does. Returns whether that was in time. */
export function whenListed(
  client: TorrentClient,
  infoHash: InfoHash,
  { is, ...waiting }: Waiting & { readonly is: boolean },
): Promise<boolean> {
  return waitFor(waiting, async () => {
    const value = ((await findTorrent(client, infoHash)) !== undefined) === is
    return { value, isOver: value }
  })
}

/** How long nothing may arrive before it counts as a stall, in milliseconds. */
const STALL_MS = 30_000

/** Minimum time between two reports of stalls, in milliseconds. */
const SILENCE_MS = 600_000

/** A stall: nothing arrives for a torrent. */
export interface Stall {
  /** Why nothing arrives: the client's state and message, and the sources of the content. */
  readonly reason: string
  /** The same with name, duration and hints: `a.iso: nothing has come for 2 minutes: …`. */
  readonly note: string
  /** Whether it must be reported now. */
  readonly isToTell: boolean
}

/** A torrent whose stalls are detected. */
interface Watched {
  readonly metainfo: Sources
  /** Help for the case that no peer is connected; null if there is none. */
  readonly advice: string | null
}

/** Detects stalls of a download. */
export class StallWatch {
  #bytesDone = -1
  #cameAt = 0
  #toldAt = -Infinity

  /** `monotonic` returns milliseconds on a monotonic clock. */
  constructor(
    private readonly monotonic: () => number,
    private readonly watched: Watched,
  ) {}

  /** Examines the torrent's current state. Returns null if it is not stalled. */
  look(torrent: ClientTorrent): Stall | null {
    const now = this.monotonic()
    if (torrent.bytesDone !== this.#bytesDone || isBusy(torrent)) this.#cameAt = now
    this.#bytesDone = torrent.bytesDone
    const forMs = now - this.#cameAt
    if (forMs < STALL_MS) return null
    const isToTell = now - this.#toldAt >= SILENCE_MS
    if (isToTell) this.#toldAt = now
    const reason = stallReason(torrent, this.watched.metainfo)
    return { reason, note: stallNote(torrent, this.watched, forMs, reason), isToTell }
  }
}

/**
 * Whether bytes arrive, or need not arrive: during a check, and when the download is complete. The
 * rate is used because clients count only complete pieces.
 */
function isBusy(torrent: ClientTorrent): boolean {
  return torrent.downloadRate > 0 || torrent.state === 'checking' || isWhole(torrent)
}

/** The values that say where a torrent's content comes from. */
type Sources = Pick<Metainfo, 'announce' | 'announceList' | 'webSeeds'>

function stallNote(
  { name, message, state, peers }: ClientTorrent,
  { metainfo, advice }: Watched,
  forMs: number,
  reason: string,
): string {
  const seconds = Math.floor(forMs / 1000)
  const time = seconds < 60 ? count(seconds, 'second') : count(Math.floor(seconds / 60), 'minute')
  const seeksPeers = state === 'downloading' && peers === 0 && hasTracker(metainfo)
  // Some clients do not report the answers of trackers, as aria2
  const isUntold = message === null
  const hints = [
    seeksPeers && isUntold && 'btkit scrape shows what its trackers answer',
    seeksPeers && advice,
  ]
  const why = [reason, ...hints].filter(Boolean).join('; ')
  return `${name}: nothing has come for ${time}: ${why}`
}

function stallReason(torrent: ClientTorrent, metainfo: Sources): string {
  const reasons = [whatHolds(torrent), poorSources(torrent, metainfo), torrent.message]
  return reasons.filter((reason) => reason !== null).join('; ')
}

function whatHolds({ state, peers }: ClientTorrent): string {
  if (state === 'queued') return 'the client has it wait for its turn'
  if (state === 'stopped') return 'the client has stopped it'
  if (peers === 0) return 'no peer is connected'
  const [are, send] = peers === 1 ? ['is', 'sends'] : ['are', 'send']
  return `${count(peers, 'peer')} ${are} connected, and ${send} nothing`
}

/**
 * Describes the sources of a torrent without a tracker, because clients report nothing about web
 * seeds.
 */
function poorSources({ state }: ClientTorrent, metainfo: Sources): string | null {
  if (state !== 'downloading' || hasTracker(metainfo)) return null
  const { webSeeds } = metainfo
  const [first, ...others] = webSeeds ?? []
  if (first === undefined) return 'the torrent names no tracker and no web seed'
  const gives = `web seed ${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}`
  const doubt = /^https:/i.test(first) ? ', or the client refuses its certificate (--ca-cert)' : ''
  return `the torrent names no tracker; nothing comes from its ${gives}${doubt}`
}
