import { openLmdbStore } from './lmdb-store.js'
import { UNAVAILABLE } from './seal.js'
import type { Store } from './store.js'

// Reads the store named on the command line from end to end; a damaged one ends this process
const store = openOrLeave(process.argv[2] ?? '')
for (const { key, value } of store.entries()) {
  if (key.length === 0 || value.length === 0) throw new Error('an empty record')
}
await store.close()

function openOrLeave(path: string): Store {
  try {
    return openLmdbStore(path, leave)
  } catch (error) {
    leave(error)
  }
}

/** LMDB's own codes, which are for damage, are negative; the system's are positive. */
function leave(error: unknown): never {
  const code = (error as { code?: unknown }).code
  // eslint-disable-next-line no-restricted-properties -- a process of its own, with nobody to return to
  process.exit(typeof code === 'number' && code > 0 ? UNAVAILABLE : 1)
}
