import { FORMAT, FORMAT_KEY, isIntact, kindOf } from '../records/record.js'
import { openLmdbStore, type LmdbStore } from '../store/lmdb.js'
import { DAMAGED } from './check-file.js'

/** Written to use up much of what is free in the file; each fits into a page. */
const TRIAL_KEYS = Array.from({ length: 100 }, (_, i) => Buffer.from(`m/trial${i}`))
const TRIAL = Buffer.alloc(2000)

/** How often to read once more when another process wrote meanwhile. */
const MAX_ATTEMPTS = 10

/** LMDB's codes for what is no fault of the file: its table of readers or its lock, mainly. */
const NOT_DAMAGE = new Set([-30790, -30788, -30789, -30785, -30775])

// Checks the store named on the command line. Damage ends this process, possibly by a crash.
try {
  const store = openLmdbStore(process.argv[2] ?? '', leave)
  readUndisturbed(store)
  // Files of others are set aside or left alone, but not written to
  if (store.get(FORMAT_KEY)?.[0] === FORMAT) await tryWriting(store)
  await store.close()
} catch (error) {
  leave(error)
}

/** Reads all records. What looks like damage may be what another process wrote meanwhile. */
function readUndisturbed(store: LmdbStore): void {
  for (let attempt = 1; ; attempt++) {
    const version = store.version()
    try {
      readAll(store)
      return
    } catch (error) {
      if (store.version() === version) throw error
      if (attempt === MAX_ATTEMPTS) leave(Object.assign(new Error('in use'), { code: 'EBUSY' }))
    }
  }
}

/** Reads all records in their order, and each by its key, as the way to it may be damaged. */
function readAll(store: LmdbStore): void {
  let count = 0
  let last: Uint8Array = Buffer.of()
  const isOurs = store.get(FORMAT_KEY)?.[0] === FORMAT
  for (const entry of store.entries()) {
    const key = Buffer.from(entry.key)
    const value = Buffer.from(entry.value)
    if (value.length === 0 || Buffer.compare(key, last) <= 0) throw new Error('out of order')
    if (Buffer.compare(store.get(key) ?? last, value) !== 0) throw new Error('not found')
    // Damage to a record is often damage to what LMDB notes beside it
    if (isOurs && kindOf(key) && !isIntact(key, value)) throw new Error('a damaged record')
    last = key
    count++
  }
  // A walk that meets damage may just end
  if (count !== store.count()) throw new Error('not all there')
}

/** Writes, since only that uses what is free in the file, and sees whether it was free indeed. */
async function tryWriting(store: LmdbStore): Promise<void> {
  for (const key of TRIAL_KEYS) store.put(key, TRIAL)
  await store.flush()
  readUndisturbed(store)
  for (const key of TRIAL_KEYS) store.remove(key)
  await store.flush()
  readUndisturbed(store)
}

/**
 * Ends this process for an error. Codes of the system (positive, or words) are no fault of the file;
 * LMDB's own are negative.
 */
function leave(error: unknown): never {
  const { code = 0 } = error as { code?: unknown }
  const isDamage = typeof code === 'number' && code <= 0 && !NOT_DAMAGE.has(code)
  // eslint-disable-next-line no-restricted-properties -- a process of its own, with nobody to return to
  process.exit(isDamage ? DAMAGED : 1)
}
