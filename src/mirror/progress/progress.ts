import { Pace } from './pace.js'
import type { TorrentTitle } from './title.js'

/** The progress of a torrent at one time. */
export interface ProgressStatus {
  readonly title: TorrentTitle
  /** Whether its files are being hashed or wait for their turn. */
  readonly state: 'waiting' | 'hashing'
  /** Bytes whose digests are known, and all bytes of its pieces; both include padding. */
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Null while unknown. */
  readonly bytesPerSecond: number | null
}

/** Follows the hashing of a torrent. */
export class TorrentProgress {
  /** Bytes hashed so far; null before hashing has begun. */
  bytesHashed: number | null = null
  /** Bytes that were known when hashing began. */
  #known = 0
  readonly #pace: Pace

  constructor(
    readonly title: TorrentTitle,
    /** Bytes of all pieces. */
    readonly total: number,
    monotonic: () => number,
  ) {
    this.#pace = new Pace(monotonic)
  }

  /** Records how many of the bytes to hash are hashed. */
  note(bytesHashed: number, bytesWanted: number): void {
    this.bytesHashed = bytesHashed
    this.#known = Math.max(0, this.total - bytesWanted)
    this.#pace.note(bytesHashed)
  }

  /** The current progress. */
  tell(): ProgressStatus {
    const { title, total, bytesHashed } = this
    const bytesDone = Math.min(total, this.#known + (bytesHashed ?? 0))
    const pace = bytesHashed === null ? null : this.#pace.perSecond(bytesHashed)
    const bytesPerSecond = pace === null ? null : Math.round(pace)
    const state = bytesHashed === null ? 'waiting' : 'hashing'
    return { title, state, bytesDone, bytesTotal: total, bytesPerSecond }
  }
}
