import type { OpenCacheOptions } from '../../cache/open.js'
import type { CacheAccess, CacheTrust } from '../digests/cache-trust.js'

export { cacheDirectory } from '../../cache/directory.js'

/** Where a cache is, and what opening it takes. */
export type CachePlace = Pick<OpenCacheOptions, 'directory' | 'now' | 'warn'>

/** A cache that a piece of work wants. */
export interface CacheRequest extends CachePlace, Pick<CacheAccess, 'kernel'> {
  /** Whether it is to be used at all. */
  readonly isUsed: boolean
  readonly trust: CacheTrust
}
