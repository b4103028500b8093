import { bytesOf, type Content } from '../../core/digests/content.js'
import { withoutPads } from '../../core/digests/pad-files.js'
import { NotReady } from '../../server/answers/refusal.js'

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

/** Milliseconds of hashing before its speed is known. */
const SHORT = 500

/** Follows the hashing of a torrent. */
export class TorrentProgress {
  /** Bytes hashed so far; null before hashing has begun. */
  bytesHashed: number | null = null
  /** Bytes that were known when hashing began, and when that was. */
  #known = 0
  #begunAt = 0

  constructor(
    readonly title: TorrentTitle,
    /** Bytes of all pieces. */
    readonly total: number,
    private readonly monotonic: () => number,
  ) {}

  /** Records how many of the bytes to hash are hashed. */
  note(bytesHashed: number, bytesWanted: number): void {
    if (this.bytesHashed === null) this.#begunAt = this.monotonic()
    this.bytesHashed = bytesHashed
    this.#known = Math.max(0, this.total - bytesWanted)
  }

  /** The current progress. */
  tell(): ProgressStatus {
    const { title, total, bytesHashed } = this
    const bytesDone = Math.min(total, this.#known + (bytesHashed ?? 0))
    const passed = this.monotonic() - this.#begunAt
    const isKnown = bytesHashed !== null && passed >= SHORT
    const bytesPerSecond = isKnown ? Math.round((bytesHashed * 1000) / passed) : null
    const state = bytesHashed === null ? 'waiting' : 'hashing'
    return { title, state, bytesDone, bytesTotal: total, bytesPerSecond }
  }
}

/** The description of a torrent for people: names of published files, and quantities. */
export interface TorrentTitle {
  readonly name: string
  /** Path of a single file below the mirror's root; null for a torrent of several files. */
  readonly path: readonly string[] | null
  /** Number of files, without padding. */
  readonly files: number
  /** Bytes of these files. */
  readonly size: number
}

/** The title of a torrent with this content. */
export function titleOf(content: Content): TorrentTitle {
  const [first, ...others] = withoutPads(content.files)
  return {
    name: content.name,
    path: content.isDirectory ? null : (first?.path ?? null),
    files: others.length + 1,
    size: bytesOf(content),
  }
}

/** A torrent that is being made, with its progress for people. */
export class UnderWay extends NotReady {
  constructor(
    message: string,
    retryAfter: number,
    /** Null while its files are looked up. */
    readonly progress: ProgressStatus | null,
  ) {
    super(message, retryAfter)
  }
}
