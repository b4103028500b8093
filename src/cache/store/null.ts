import type { Store } from './store.js'

/** A store that is always empty: for `--no-cache`, and if the cache cannot be used. */
export const nullStore: Store = {
  get: () => undefined,
  put: () => undefined,
  remove: () => undefined,
  entries: () => [],
  usedBytes: () => 0,
  count: () => 0,
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
