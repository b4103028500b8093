import { join } from 'node:path'
import { CACHE_FILE, isTidyDue, noteTidied } from './tidied-note.js'
import type { OpenCacheOptions } from './open.js'
import { PieceCache } from './piece-cache.js'
import { lazyStore, type LazyStore } from './store/lazy.js'

/** A cache that is opened when it is first wanted. Until then it holds nothing and keeps nothing. */
export interface LazyCache extends Pick<LazyStore, 'wake' | 'isAwake'> {
  readonly cache: PieceCache
  /** Whether it is to be tidied again, as far as can be told without opening it. */
  readonly isTidyDue: () => boolean
  /** Notes that it was tidied. */
  readonly noteTidied: () => void
}

/** openCache for a piece of work that may find that it needs no cache. */
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
