import { join } from 'node:path'
import { CACHE_FILE, isTidyDue, noteTidied } from './tidied-note.js'
import type { OpenCacheOptions } from './open.js'
import { PieceCache } from './piece-cache.js'
import { lazyStore, type LazyStore } from './store/lazy.js'

/** A cache that is opened on first use. Until then it is empty and stores nothing. */
export interface LazyCache extends Pick<LazyStore, 'wake' | 'isAwake'> {
  readonly cache: PieceCache
  /** Whether maintenance is due again, as far as that is known without opening the cache. */
  readonly isTidyDue: () => boolean
  /** Records that maintenance was done. */
  readonly noteTidied: () => void
}

/** Returns a cache that is opened, as by openCache, when it is first used. */
export function openLazyCache(options: Omit<OpenCacheOptions, 'isCheckedBeside'>) {
  const { directory, now } = options
  const path = join(directory, CACHE_FILE)
  const never = new AbortController().signal
  const { store, wake, isAwake } = lazyStore(async () => {
    const { openOrNone } = await import('./open.js')
    return openOrNone(options, never)
  })
  return {
    cache: new PieceCache({ store, now }),
    wake,
    isAwake,
    isTidyDue: () => isTidyDue(path, now()),
    noteTidied: () => {
      if (isAwake()) noteTidied(path, now())
    },
  } satisfies LazyCache
}
