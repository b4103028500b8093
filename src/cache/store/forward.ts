import type { Store } from './store.js'

/** A store that passes everything on to the one of the moment, but for its end. */
export function forwardStore(current: () => Store, close: () => Promise<void>): Store {
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
