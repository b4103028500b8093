import type { Store } from './store.js'

/** A store that forgets: for `--no-cache`, and where no cache can be had. */
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
