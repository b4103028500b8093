import { hasTracker } from '../../metainfo/trackers.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { count } from '../../text/quantity.js'
import { isWhole, type ClientTorrent } from '../publish/client.js'

/** How long nothing may arrive before it counts as a stall, in milliseconds. */
const STALL_MS = 30_000

/** Minimum time between two reports of stalls, in milliseconds. */
const SILENCE_MS = 600_000

/** A stall: nothing arrives for a torrent. */
export interface Stall {
  /** Its duration so far in milliseconds. */
  readonly forMs: number
  /** Whether it must be reported now. */
  readonly isToTell: boolean
}

/** Detects stalls of a download. */
export class StallWatch {
  #bytesDone = -1
  #cameAt = 0
  #toldAt = -Infinity

  /** `monotonic` returns milliseconds on a monotonic clock. */
  constructor(
    private readonly monotonic: () => number,
    private readonly stallMs = STALL_MS,
  ) {}

  /** Examines the torrent's current state. Returns null if it is not stalled. */
  look(torrent: ClientTorrent): Stall | null {
    const now = this.monotonic()
    if (torrent.bytesDone !== this.#bytesDone || isBusy(torrent)) this.#cameAt = now
    this.#bytesDone = torrent.bytesDone
    const forMs = now - this.#cameAt
    if (forMs < this.stallMs) return null
    const isToTell = now - this.#toldAt >= SILENCE_MS
    if (isToTell) this.#toldAt = now
    return { forMs, isToTell }
  }
}

/**
 * Whether bytes arrive, or need not arrive: during a check, and when the download is complete. The
 * rate is used because clients count only complete pieces.
 */
function isBusy(torrent: ClientTorrent): boolean {
  return torrent.downloadRate > 0 || torrent.state === 'checking' || isWhole(torrent)
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS

/** Describes the duration and the reason of a stall: `nothing has come for 2 minutes: …`. */
export function stallNote(torrent: ClientTorrent, metainfo: Metainfo, { forMs }: Stall): string {
  const time =
    forMs < MINUTE_MS
      ? count(Math.floor(forMs / SECOND_MS), 'second')
      : count(Math.floor(forMs / MINUTE_MS), 'minute')
  const reason = stallReason(torrent, metainfo)
  return `${torrent.name}: nothing has come for ${time}: ${reason}${hint(torrent, metainfo)}`
}

/** How to ask the trackers, for clients that do not report their answers, as aria2. */
function hint({ message, state, peers }: ClientTorrent, metainfo: Metainfo): string {
  const isUntold = message === null && state === 'downloading' && peers === 0
  return isUntold && hasTracker(metainfo) ? '; btkit scrape shows what its trackers answer' : ''
}

/**
 * Describes why nothing arrives: the client's state, the possible sources of the content, and the
 * client's own message.
 */
export function stallReason(torrent: ClientTorrent, metainfo: Metainfo): string {
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
function poorSources({ state }: ClientTorrent, metainfo: Metainfo): string | null {
  if (state !== 'downloading' || hasTracker(metainfo)) return null
  const { webSeeds } = metainfo
  const [first, ...others] = webSeeds ?? []
  if (first === undefined) return 'the torrent names no tracker and no web seed'
  const gives = `web seed ${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}`
  const doubt = isHttps(first) ? ', or the client refuses its certificate (--ca-cert)' : ''
  return `the torrent names no tracker; nothing comes from its ${gives}${doubt}`
}

function isHttps(url: string): boolean {
  return /^https:/i.test(url)
}
