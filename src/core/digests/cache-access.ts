import type { PieceCache } from '../../disk/cache/piece-cache.js'
import type { HashOptions } from '../../disk/hash/hash-stream.js'
import type { CacheTrust } from '../../disk/cache/trust.js'
import type { CutFiles } from './content.js'
import type { HashGroups } from './hash-groups.js'
import type { PieceTable } from './piece-table.js'

/** The piece cache, and how far to trust it. */
export interface CacheAccess {
  readonly cache: PieceCache
  readonly trust: CacheTrust
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /**
   * Obtains digests together with other processes and machines. Absent: all are read here, whoever
   * else reads the same files.
   */
  readonly readOnce?: ReadOnce | undefined
  /**
   * Is called for files that have another inode number at each look, by which the cache knows them.
   */
  readonly onRenumbered?: () => void
}

/** CutFiles of which some digests are unknown. */
export interface Unread {
  readonly content: CutFiles
  /** The digests that are known already. Filled up. */
  readonly table: PieceTable
  /** As in HashContext. */
  readonly isGuarded?: boolean | undefined
  readonly engine: HashOptions
  readonly cacheAccess: CacheAccess
}

/**
 * Calls `read` when nobody else reads the same files, or after a while. Digests that others know
 * are in the table then. `read` gets the function that hashes pieces.
 */
export type ReadOnce = <T>(unread: Unread, read: (hash: HashGroups) => Promise<T>) => Promise<T>
