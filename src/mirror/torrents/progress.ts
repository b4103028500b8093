import type { Content } from '../../core/digests/content.js'
import { withoutPads } from '../../core/digests/pad-files.js'
import { NotReady } from '../../server/headers/refusal.js'
import type { QueuedJob } from '../../server/admission/queue.js'

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

/**
 * The progress now of a torrent of `total` bytes, of which a job reads those that are unknown, as
 * far as `reached`.
 */
export function progressOf(
  title: TorrentTitle,
  total: number,
  unknown: number,
  reached: QueuedJob['reached'],
): ProgressStatus {
  const done = reached?.done ?? null
  const passed = performance.now() - (reached?.begunAt ?? 0)
  return {
    title,
    state: done === null ? 'waiting' : 'hashing',
    bytesDone: Math.min(total, Math.max(0, total - unknown) + (done ?? 0)),
    bytesTotal: total,
    bytesPerSecond: done === null || passed < SHORT ? null : Math.round((done * 1000) / passed),
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
  const files = withoutPads(content.files)
  return {
    name: content.name,
    path: content.isDirectory ? null : (files.at(0)?.path ?? null),
    files: files.length,
    size: files.size,
  }
}

const MIB = 2 ** 20

/**
 * A torrent that is being made, with its progress for people; null while its files are looked up.
 */
export class UnderWay extends NotReady {
  constructor(readonly progress: ProgressStatus | null) {
    const isHashing = progress?.state === 'hashing'
    const done = `${Math.floor((progress?.bytesDone ?? 0) / MIB)} MiB so far`
    super(
      isHashing
        ? `the files are being hashed, ${done}; try again in 5 s`
        : 'the files wait to be hashed; try again in 10 s',
      isHashing ? 5 : 10,
    )
  }
}
