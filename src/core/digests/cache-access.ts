import type { PieceCache } from '../../cache/piece-cache.js'
import type { CacheTrust } from './cache-trust.js'

/** The piece cache, and how far to trust it. */
export interface CacheAccess {
  readonly cache: PieceCache
  readonly trust: CacheTrust
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The hash kernel that combines what is known of Merkle trees; the fastest when absent. */
  readonly kernel?: string | undefined
}
