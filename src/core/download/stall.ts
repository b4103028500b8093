import type { Metainfo } from '../../metainfo/metainfo.js'
import { count } from '../../text/quantity.js'
import { isWhole, type ClientTorrent } from '../publish/client.js'
import { hasTracker } from './magnet-torrent.js'

/** How long nothing may come before that is a stall, in milliseconds. */
const STALL_MS = 30_000

/** The least time from one word about a stall to the next, whether it is the same or another. */
const SILENCE_MS = 600_000

/** That nothing comes of a torrent. */
export interface Stall {
  /** For how long, in milliseconds. */
  readonly forMs: number
  /** Whether people are to be told now. */
  readonly isToTell: boolean
}

/** Notices when nothing comes of a download for long. */
export class StallWatch {
  readonly #monotonic: () => number
  readonly #stallMs: number
  #bytesDone = -1
  #cameAt = 0
  #toldAt = -Infinity

  /** `monotonic` tells milliseconds on a clock that never jumps. */
  constructor(monotonic: () => number, stallMs = STALL_MS) {
    this.#monotonic = monotonic
    this.#stallMs = stallMs
  }

  /** Takes what a torrent does now, and returns null while it is not stalled. */
  look(torrent: ClientTorrent): Stall | null {
    const now = this.#monotonic()
    if (torrent.bytesDone !== this.#bytesDone || isBusy(torrent)) this.#cameAt = now
    this.#bytesDone = torrent.bytesDone
    const forMs = now - this.#cameAt
    if (forMs < this.#stallMs) return null
    const isToTell = now - this.#toldAt >= SILENCE_MS
    if (isToTell) this.#toldAt = now
    return { forMs, isToTell }
  }
}

/**
 * Whether bytes come, though clients count only whole pieces, or none are to come: while what is
 * there is checked, and when that is all.
 */
function isBusy(torrent: ClientTorrent): boolean {
  return torrent.downloadRate > 0 || torrent.state === 'checking' || isWhole(torrent)
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS

/** For how long nothing has come of a torrent, and why: `nothing has come for 2 minutes: …`. */
export function stallNote(torrent: ClientTorrent, metainfo: Metainfo, { forMs }: Stall): string {
  const time =
    forMs < MINUTE_MS
      ? count(Math.floor(forMs / SECOND_MS), 'second')
      : count(Math.floor(forMs / MINUTE_MS), 'minute')
  return `${torrent.name}: nothing has come for ${time}: ${stallReason(torrent, metainfo)}`
}

/**
 * Why nothing comes of a torrent: what its client does, where its content could come from, and the
 * client's own words if it has any.
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

/** Names the sources of a torrent without a tracker: clients say nothing of web seeds. */
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
