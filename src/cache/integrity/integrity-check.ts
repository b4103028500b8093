import { FORMAT, FORMAT_KEY } from '../records/format.js'
import { openLmdbStore, type LmdbStore } from '../store/lmdb.js'
import { kindOf, unpackRecord } from '../records/record.js'
import { UNAVAILABLE } from './clean-mark.js'

/** Written to use up much of what is free in the file; each fits into a page. */
const TRIAL_KEYS = Array.from({ length: 100 }, (_, i) => Buffer.from(`m/trial${i}`))
const TRIAL = Buffer.alloc(2000)

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
    readAll(store)
    // Files of others are set aside or left alone, but not written to
    if (store.get(FORMAT_KEY)?.[0] === FORMAT) await tryOurs(store)
    await store.close()
  } catch (error) {
    leave(error)
  }
}

/** Reads all records in their order, and each by its key, as the way to it may be damaged. */
function readAll(store: LmdbStore): void {
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
  // A walk that meets damage may just end
  if (count !== store.count()) throw new Error('not all there')
}

/**
 * Looks into the records, as damage to one is often damage to what LMDB notes beside it. Then
 * writes, since only that uses what is free in the file, and sees whether it was free indeed.
 */
async function tryOurs(store: LmdbStore): Promise<void> {
  for (const { key, value } of store.entries()) {
    const kind = kindOf(key)
    if (kind && !unpackRecord(kind, value)) throw new Error('a damaged record')
  }
  for (const key of TRIAL_KEYS) store.put(key, TRIAL)
  await store.flush()
  readAll(store)
  for (const key of TRIAL_KEYS) store.remove(key)
  await store.flush()
  readAll(store)
}

/** LMDB's own codes, which are for damage, are negative; the system's are positive. */
function leave(error: unknown): never {
  const code = (error as { code?: unknown }).code
  // eslint-disable-next-line no-restricted-properties -- a process of its own, with nobody to return to
  process.exit(typeof code === 'number' && code > 0 ? UNAVAILABLE : 1)
}
