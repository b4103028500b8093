import { FORMAT, FORMAT_KEY } from './format.js'
import { openLmdbStore, type LmdbStore } from './lmdb-store.js'
import { UNAVAILABLE } from './seal.js'

const PROBE_KEY = Buffer.from('m/probe')

// Tries the store named on the command line: a damaged one ends this process, be it by a crash
const store = openOrLeave(process.argv[2] ?? '')
await tryOrLeave(store)

function openOrLeave(path: string): LmdbStore {
  try {
    return openLmdbStore(path, leave)
  } catch (error) {
    leave(error)
  }
}

async function tryOrLeave(store: LmdbStore): Promise<void> {
  try {
    // A walk that meets damage may just end
    if (readAll(store) !== store.count()) throw new Error('not all there')
    // What is free in the file is used only when something is written; not to a file of others
    if (store.get(FORMAT_KEY)?.[0] === FORMAT) await writeOne(store)
    await store.close()
  } catch (error) {
    leave(error)
  }
}

/** Reads all records in their order, and each by its key, as the way to it may be damaged. */
function readAll(store: LmdbStore): number {
  let count = 0
  let last: Uint8Array = Buffer.of()
  for (const entry of store.entries()) {
    const key = Buffer.from(entry.key)
    const value = Buffer.from(entry.value)
    if (value.length === 0 || Buffer.compare(key, last) <= 0) throw new Error('out of order')
    if (Buffer.compare(store.get(key) ?? last, value) !== 0) throw new Error('not found')
    last = key
    count++
  }
  return count
}

async function writeOne(store: LmdbStore): Promise<void> {
  store.put(PROBE_KEY, Buffer.of(0))
  await store.flush()
  store.remove(PROBE_KEY)
  await store.flush()
}

/** LMDB's own codes, which are for damage, are negative; the system's are positive. */
function leave(error: unknown): never {
  const code = (error as { code?: unknown }).code
  // eslint-disable-next-line no-restricted-properties -- a process of its own, with nobody to return to
  process.exit(typeof code === 'number' && code > 0 ? UNAVAILABLE : 1)
}
