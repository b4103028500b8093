import { warnOnce } from '../../base/warn-once.js'
import { usageError } from '../../base/errors.js'
import { cacheDirectory, usableCacheDirectory } from '../../base/directories.js'
import { Report } from '../output/report.js'
import { openCacheIfThere } from '../../disk/cache/open.js'
import { accessCache, type CacheRequest } from '../../fleet/access.js'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import type { CacheTrust } from '../../disk/cache/trust.js'
import type { Io } from '../io.js'

/** The options of the cache, and the machines to share digests with. */
export interface CacheArguments {
  readonly cache: boolean
  readonly cacheDir?: string | undefined
  readonly cacheTrust?: CacheTrust | undefined
  readonly shareWith?: CacheRequest['share']
  /** Whether a missing home directory goes without saying. */
  readonly mayBeHomeless?: boolean | undefined
}

/**
 * The cache directory for a command line.
 * @throws BtkitError `usage` without a home directory
 */
export function cachePath(option: string | undefined, { env, isRoot }: Io): string {
  const directory = cacheDirectory({ option, env, isRoot })
  if (directory === null) throw usageError(`${HOMELESS}; set --cache-dir or HOME`)
  return directory
}

/**
 * The same for work that can do without a cache: null, with a warning, without a home directory.
 */
export function cachePathIfAny(
  option: string | undefined,
  io: Io,
  mayBeHomeless = false,
): string | null {
  const directory = usableCacheDirectory({ option, env: io.env, isRoot: io.isRoot })
  if (directory === null && !mayBeHomeless)
    new Report({}, io).alert(`${HOMELESS}, so none is used; set --cache-dir or HOME`)
  return directory
}

const HOMELESS = 'no home directory for the cache'

/** The existing cache, or an empty one that creates no files. The caller must close it. */
export function openCacheOf(option: string | undefined, io: Io) {
  const directory = cachePathIfAny(option, io)
  return openCacheIfThere({ directory, now: io.now, warn: new Report({}, io).alert })
}

/** Returns access to the cache, which `wake` opens, and closeCache closes. */
export function cacheAccessFor(options: CacheArguments, io: Io): CacheAccess {
  const { cache, cacheDir, cacheTrust: trust = 'full', shareWith: share, mayBeHomeless } = options
  const directory = cache ? cachePathIfAny(cacheDir, io, mayBeHomeless) : null
  const place = { directory: directory ?? '', now: io.now, warn: new Report({}, io).alert }
  const request = { ...place, isUsed: directory !== null, trust, share }
  const opened = io.shared?.openCache(request) ?? accessCache(request)
  return { ...opened, onRenumbered: warnOnce(place.warn, 2).bind(null, 'inodes', RENUMBERED) }
}

const RENUMBERED =
  'the file system changes inode numbers at each look; --cache-trust mtime lets the cache know files'

/** Milliseconds for the last write to the cache after a signal. */
const LAST_WRITE = 500

/** Closes the cache of a command, unless other commands use it, too. */
export async function closeCache({ cache }: CacheAccess, io: Io): Promise<void> {
  if (!io.shared) await cache.close(io.signal.aborted ? LAST_WRITE : undefined)
}
