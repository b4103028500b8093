import { nullStore } from './null.js'
import type { Store } from './store.js'

/** A store that is opened on demand. Until then it is empty and stores nothing. */
export interface LazyStore {
  readonly store: Store
  /** Opens the store unless it is open. */
  readonly wake: () => Promise<void>
  /** Whether the store is open and usable. */
  readonly isAwake: () => boolean
}

/** Creates a lazy store. `open` is called at most once, and must not reject. */
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
 * A store that stores nothing until `opening` resolves. If it is closed before, it calls `stop`,
 * which should make `opening` end soon.
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

/** A store that forwards all calls to the current store, except `close`. */
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
