import { Pace } from './pace.js'
import type { TorrentTitle } from './title.js'

/** How far a torrent is, as of a moment. */
export interface ProgressStatus {
  readonly title: TorrentTitle
  /** Whether its files are being hashed, or wait for it. */
  readonly state: 'waiting' | 'hashing'
  /** Bytes whose digests are known, of all that its pieces are cut from: padding counts. */
  readonly bytesDone: number
  readonly bytesTotal: number
  /** Null as long as it can't be told. */
  readonly bytesPerSecond: number | null
}

/** How far the hashing of a torrent is. */
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

  /** Notes how many bytes are hashed of those that had to be. */
  note(bytesHashed: number, bytesWanted: number): void {
    this.bytesHashed = bytesHashed
    this.#known = Math.max(0, this.total - bytesWanted)
    this.#pace.note(bytesHashed)
  }

  /** How far it is now. */
  tell(): ProgressStatus {
    const { title, total, bytesHashed } = this
    const bytesDone = Math.min(total, this.#known + (bytesHashed ?? 0))
    const pace = bytesHashed === null ? null : this.#pace.perSecond(bytesHashed)
    const bytesPerSecond = pace === null ? null : Math.round(pace)
    const state = bytesHashed === null ? 'waiting' : 'hashing'
    return { title, state, bytesDone, bytesTotal: total, bytesPerSecond }
  }
}
