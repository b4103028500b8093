import { nullStore } from './null.js'
import type { Store } from './store.js'

/** A store that is opened when it is first wanted, and keeps nothing until then. */
export interface LazyStore {
  readonly store: Store
  /** Opens it, unless that was done. */
  readonly wake: () => Promise<void>
  /** Whether it is open, and there is one. */
  readonly isAwake: () => boolean
}

/** `open` is called once at most, and never rejects. */
export function lazyStore(open: () => Promise<Store>): LazyStore {
  let current = nullStore
  let waking: Promise<void> | null = null
  const store = forwardStore(
    () => current,
    async () => {
      await waking
      await current.close()
    },
  )
  const wake = () => {
    waking ??= open().then((opened) => {
      current = opened
    })
    return waking
  }
  return { store, wake, isAwake: () => current !== nullStore }
}

/**
 * A store that keeps nothing until the one that is being opened can be used. Closing it before that
 * calls `stop`, which should have the opening end soon.
 */
export function lateStore(opening: Promise<Store>, stop: () => void): Store {
  let store = nullStore
  const ready = opening.then((opened) => {
    store = opened
  })
  return forwardStore(
    () => store,
    async () => {
      stop()
      await ready
      await store.close()
    },
  )
}

/** A store that passes everything on to the one of the moment, but for its end. */
function forwardStore(current: () => Store, close: () => Promise<void>): Store {
  return {
    get: (key) => current().get(key),
    put: (key, value) => {
      current().put(key, value)
    },
    remove: (key) => {
      current().remove(key)
    },
    entries: (from) => current().entries(from),
    usedBytes: () => current().usedBytes(),
    count: () => current().count(),
    flush: () => current().flush(),
    close,
  }
}
