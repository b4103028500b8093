import { openCacheAccess as openAccess } from '../../core/cache/access.js'
import type { CacheAccess } from '../../core/digests/cache-trust.js'
import type { Io } from '../io.js'
import { cacheRequest, type CacheArguments } from './cache-options.js'

/** Opens the cache that a command line asks for. The caller closes it. */
export function openCacheAccess(options: CacheArguments, io: Io): Promise<CacheAccess> {
  return openAccess(cacheRequest(options, io))
}
