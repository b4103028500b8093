import type { Store } from './store.js'

/**
 * A store that keeps nothing from its first failure on, of which `onFailure` hears. What a damaged
 * database could still do to the process then, it is not asked to: not even to close.
 */
export function failSafe(store: Store, onFailure: (error: unknown) => void): Store {
  let isLost = false
  const attempt = <T>(act: () => T, otherwise: T): T => {
    if (isLost) return otherwise
    try {
      return act()
    } catch (error) {
      isLost = true
      onFailure(error)
      return otherwise
    }
  }
  const settled = Promise.resolve()
  return {
    get: (key) => attempt(() => store.get(key), undefined),
    put: (key, value) => {
      attempt(() => {
        store.put(key, value)
      }, undefined)
    },
    remove: (key) => {
      attempt(() => {
        store.remove(key)
      }, undefined)
    },
    entries: () => store.entries(),
    flush: () => attempt(() => store.flush(), settled),
    close: () => attempt(() => store.close(), settled),
  }
}
