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

/** Milliseconds that the average covers. */
const WINDOW = 10_000

/** Milliseconds between two remembered points. */
const STEP = 500

/** An amount at a time (milliseconds of the clock). */
interface Point {
  readonly amount: number
  readonly at: number
}

/** The speed of something that grows, averaged over the last seconds. */
export class Pace {
  #points: Point[] = []

  /** `monotonic` returns milliseconds of a clock that is never set. */
  constructor(private readonly monotonic: () => number) {}

  /** Records the current amount. */
  note(amount: number): void {
    const at = this.monotonic()
    const last = this.#points.at(-1)
    if (last && at - last.at < STEP) return
    const fromHere = this.#points.findLastIndex((point) => at - point.at >= WINDOW)
    this.#points = [...this.#points.slice(Math.max(0, fromHere)), { amount, at }]
  }

  /** The increase per second, if the current amount is `amount`; null while it is unknown. */
  perSecond(amount: number): number | null {
    const [first] = this.#points
    const passed = first ? this.monotonic() - first.at : 0
    return first && passed >= STEP ? ((amount - first.amount) * 1000) / passed : null
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
