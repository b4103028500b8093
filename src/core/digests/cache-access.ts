import type { Turns } from '../../base/steps.js'
import type { PieceCache } from '../../disk/cache/piece-cache.js'
import type { HashOptions } from '../../disk/hash/hash-stream.js'
import type { CacheTrust } from '../../disk/cache/trust.js'
import type { CutFiles } from './content.js'
import type { HashGroups } from './hash-groups.js'
import type { PieceTable } from './piece-table.js'
import type { SmallFiles } from './small-files.js'

/** The piece cache, and how far to trust it. */
export interface CacheAccess {
  readonly cache: PieceCache
  readonly trust: CacheTrust
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /** Reads content with others. Absent: it is read here, whoever else reads the same files. */
  readonly reader?: ContentReader | undefined
  /**
   * Is called for files that have another inode number at each look, by which the cache knows them.
   */
  readonly onRenumbered?: () => void
}

/** Reads content together with other processes and machines, or that of servers. */
interface ContentReader {
  readonly readOnce: ReadOnce
  /** Contents to read at the same time, in any order. Absent: one, or small ones together. */
  readonly contentsAtOnce?: number | undefined
  /** Whether the files are on no disk, where their names lead to nothing. */
  readonly isElsewhere?: boolean
}

/** How a run reads content. */
export interface ReadingRules {
  /**
   * Whether to read only the files that were scanned, even if their names lead elsewhere now. For
   * files that strangers may replace by links.
   */
  readonly isGuarded?: boolean
  /**
   * Whether files that a program has open for writing count as changing. Default: they are read.
   */
  readonly refusesWritten?: boolean
  /** Reads small files together that are asked for at the same time. Absent: each alone. */
  readonly smallFiles?: SmallFiles | null
  /** Turns of what costs much for many files. Default: it is done at once. */
  readonly turns?: Turns | undefined
}

/** CutFiles of which some digests are unknown. */
export interface Unread {
  readonly content: CutFiles
  /** The digests that are known already. Filled up. */
  readonly table: PieceTable
  readonly rules?: ReadingRules | undefined
  readonly engine: HashOptions
  readonly cacheAccess: CacheAccess
}

/**
 * Calls `read` when nobody else reads the same files, or after a while. Digests that others know
 * are in the table then. `read` gets the function that hashes pieces.
 */
export type ReadOnce = <T>(unread: Unread, read: (hash: HashGroups) => Promise<T>) => Promise<T>
