import { isWhole, type ClientTorrent } from '../publish/client.js'

/** How long nothing may come before that is a stall, in milliseconds. */
const STALL_MS = 60_000

/** The least time from one word about a stall to the next, whether it is the same or another. */
const SILENCE_MS = 600_000

/** That nothing comes of a torrent. */
export interface Stall {
  /** For how long, in milliseconds. */
  readonly forMs: number
  /** Whether people who see no progress of it are to be told now. */
  readonly isToTell: boolean
}

/** Notices when nothing comes of a download for long. */
export class StallWatch {
  readonly #monotonic: () => number
  #bytesDone = -1
  #cameAt = 0
  #toldAt = -Infinity

  /** `monotonic` tells milliseconds on a clock that never jumps. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  /** Takes what a torrent does now, and returns null while it is not stalled. */
  look(torrent: ClientTorrent): Stall | null {
    const now = this.#monotonic()
    if (torrent.bytesDone !== this.#bytesDone || isBusy(torrent)) this.#cameAt = now
    this.#bytesDone = torrent.bytesDone
    const forMs = now - this.#cameAt
    if (forMs < STALL_MS) return null
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
