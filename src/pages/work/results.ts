import type { Cache } from '../../library/cache.js'
import type { PlannedTorrent } from '../../library/make.js'
import type { TellProgress } from '../../library/task.js'
import type { MakeOptions } from '../../library/torrent-options.js'

/** The first elements of a list, which a page shows, and the number of all. */
export interface Excerpt<T> {
  readonly first: readonly T[]
  readonly count: number
}

/** Returns the first `most` elements of a list. */
export function excerptOf<T>(all: readonly T[], most: number): Excerpt<T> {
  return { first: all.slice(0, most), count: all.length }
}

/** A torrent that was not made yet, with the first entries that are left out. */
export interface Plan extends Omit<PlannedTorrent, 'skipped'> {
  readonly skipped: Excerpt<PlannedTorrent['skipped'][number]>
  /** Why it could not be saved now: it exists. */
  readonly inTheWay?: string | null
}

/** The parts that all work of the thread shares. */
export interface WorkContext {
  /** The piece cache; undefined for none. */
  readonly cache: Cache | undefined
  readonly signal: AbortSignal
  readonly tell: TellProgress
}

/** A file or directory, and how its torrent is made. */
export interface SourceRequest {
  readonly source: string
  readonly options: MakeOptions
}

/** The most findings, or entries that are left out, that are listed. */
export const MOST_FINDINGS = 200
