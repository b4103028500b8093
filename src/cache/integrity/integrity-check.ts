import { FORMAT, FORMAT_KEY, isIntact, kindOf } from '../records/record.js'
import { openLmdbStore, type LmdbStore } from '../store/lmdb.js'
import { DAMAGED } from './check-file.js'

/** Trial records that use much of the free space in the file; each fits into a page. */
const TRIAL_KEYS = Array.from({ length: 100 }, (_, i) => Buffer.from(`m/trial${i}`))
const TRIAL = Buffer.alloc(2000)

/** Number of attempts to read while other processes write. */
const MAX_ATTEMPTS = 10

/** LMDB's error codes that do not mean damage, mainly for its table of readers and its lock. */
const NOT_DAMAGE = new Set([-30790, -30788, -30789, -30785, -30775])

// Checks the store named on the command line. Damage ends this process, possibly by a crash.
try {
  const store = openLmdbStore(process.argv[2] ?? '', leave)
  readUndisturbed(store)
  // Files of other programs are set aside or left alone, but never written to
  if (store.get(FORMAT_KEY)?.[0] === FORMAT) await tryWriting(store)
  await store.close()
} catch (error) {
  leave(error)
}

/**
 * Reads all records. Repeats after an error if another process wrote meanwhile, because its writes
 * can look like damage.
 */
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

/** Reads all records in order, and each again by its key, because the path to it may be damaged. */
function readAll(store: LmdbStore): void {
  let count = 0
  let last: Uint8Array = Buffer.of()
  const isOurs = store.get(FORMAT_KEY)?.[0] === FORMAT
  for (const entry of store.entries()) {
    const key = Buffer.from(entry.key)
    const value = Buffer.from(entry.value)
    if (value.length === 0 || Buffer.compare(key, last) <= 0) throw new Error('out of order')
    if (Buffer.compare(store.get(key) ?? last, value) !== 0) throw new Error('not found')
    // A damaged record often means that LMDB's own data beside it is damaged, too
    if (isOurs && kindOf(key) && !isIntact(key, value)) throw new Error('a damaged record')
    last = key
    count++
  }
  // A walk that meets damage may end early without an error
  if (count !== store.count()) throw new Error('not all there')
}

/**
 * Writes trial records. Only writing uses the file's free space, and so tests whether it is really
 * free.
 */
async function tryWriting(store: LmdbStore): Promise<void> {
  for (const key of TRIAL_KEYS) store.put(key, TRIAL)
  await store.flush()
  readUndisturbed(store)
  for (const key of TRIAL_KEYS) store.remove(key)
  await store.flush()
  readUndisturbed(store)
}

/**
 * Ends this process after an error. System codes (positive numbers or words) do not mean damage;
 * LMDB's own codes are negative.
 */
function leave(error: unknown): never {
  const { code = 0 } = error as { code?: unknown }
  const isDamage = typeof code === 'number' && code <= 0 && !NOT_DAMAGE.has(code)
  // oxlint-disable-next-line no-restricted-properties -- a process of its own cannot return
  process.exit(isDamage ? DAMAGED : 1)
}
