import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { open } from 'lmdb'
import { ByteLocks } from '../../write/locks.js'
import { BatchWriter, WRITERS, type Database, type StoreListener } from './batch-writer.js'
import type { Store } from './store.js'

/** LMDB's statistics of a file. The page counts are those of the tree of records. */
interface LmdbStats {
  readonly entryCount: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
  readonly pageSize: number
  readonly lastPageNumber: number
}

/**
 * Milliseconds to wait while another process writes: at the start, in `flush`, and in `close`; and
 * until a disk that was full is looked at again for a change.
 */
const PATIENCE = { open: 10_000, flush: 1000, close: 10_000, full: 60_000 }

/**
 * Opens a store in one LMDB file. Any number of processes may have it open at once. Each write is
 * synced, so that neither a kill nor a crash of the machine damages the file.
 *
 * LMDB maps a file into memory and trusts it: a damaged one may crash the process. `onChange`
 * receives each later state of the store.
 * @throws Error of LMDB or the system if the file cannot be opened, or is cut; if another process
 *   has the lock of writers for ten seconds
 */
export async function openLmdbStore(
  path: string,
  onChange: StoreListener,
  patience = PATIENCE,
): Promise<Store> {
  const lock = ByteLocks.open(path)
  try {
    // LMDB writes when it opens a file
    if ((await lock?.take(WRITERS, patience.open)) === false) throw new Error(LOCKED)
    const database = openDatabase(path)
    lock?.unlock(WRITERS)
    return storeOf(
      database,
      new BatchWriter(database, path, lock, onChange, patience.full),
      patience,
    )
  } catch (error) {
    lock?.close()
    throw error
  }
}

const LOCKED = 'another process keeps it locked; end that process if it was stopped'

/** @throws as openLmdbStore */
function openDatabase(path: string): Database {
  if (existsSync(path) && !hasHeader(path)) throw new Error(NO_DATABASE)
  // LMDB would let a group write them
  for (const file of [path, `${path}-lock`]) closeSync(openSync(file, 'a', 0o600))
  const database: Database = open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    compression: false,
    // Synced when a transaction ends, so that the file stays sound if the machine crashes
    overlappingSync: false,
    // A batch for each event turn would create a promise that cannot be handled
    eventTurnBatching: false,
  })
  const { lastPageNumber, pageSize } = database.getStats() as LmdbStats
  if ((lastPageNumber + 1) * pageSize > statSync(path).size) {
    void database.close()
    throw new Error(NO_DATABASE)
  }
  // The statistics began to read: the next reads must see what others write meanwhile
  database.resetReadTxn()
  return database
}

function storeOf(database: Database, writer: BatchWriter, patience: typeof PATIENCE): Store {
  const stats = () => writer.read(() => database.getStats() as LmdbStats)
  return {
    get: (key) => {
      const waiting = writer.waiting(key)
      if (waiting) return waiting.value ?? undefined
      const bytes = writer.read(() => database.getBinaryFast(key))
      // LMDB reuses this buffer, and a property hides its real length from JavaScript
      return bytes && Uint8Array.prototype.subarray.call(bytes, 0, bytes.length)
    },
    put: (key, value) => {
      writer.add({ key, value })
    },
    remove: (key) => {
      writer.add({ key, value: null })
    },
    state: () => writer.state(),
    count: () => stats()?.entryCount ?? 0,
    usedBytes: () => {
      const told = stats()
      if (!told) return 0
      const { treeBranchPageCount, treeLeafPageCount, overflowPages, pageSize } = told
      return (treeBranchPageCount + treeLeafPageCount + overflowPages) * pageSize
    },
    entries: (from) => entriesOf(database, writer, from),
    flush: async () => {
      await writer.flush(patience.flush)
    },
    close: (most = patience.close) => writer.close(most),
  }
}

const NO_DATABASE = 'cut, or not a cache'

/** A number in both header pages, and its offset; and the offset of the page length. */
const MAGIC = 0xbeefc0de
const MAGIC_AT = 24
const PAGE_LENGTH_AT = 48

/** Whether both header pages are there: LMDB would crash without them. An empty file is a new one. */
function hasHeader(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const page = Buffer.alloc(64)
    if (readSync(file, page, 0, page.length, 0) === 0) return true
    const second = Buffer.alloc(64)
    readSync(file, second, 0, second.length, page.readUInt32LE(PAGE_LENGTH_AT))
    return [page, second].every((each) => each.readUInt32LE(MAGIC_AT) === MAGIC)
  } finally {
    closeSync(file)
  }
}

/** LMDB's error codes that mean a damaged file, or a file of another program. */
const DAMAGE: readonly unknown[] = [-30797, -30796, -30795, -30794, -30793, -30784]

/** Whether an error of the store means that its file is damaged, or no LMDB file. */
export function isDamage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.message === NO_DATABASE || DAMAGE.includes((error as { code?: unknown }).code)
}

/** Yields all records from a key on. After each write it starts again behind the last record. */
function* entriesOf(database: Database, writer: BatchWriter, from?: Uint8Array) {
  let start = from && Buffer.from(from)
  for (let isDone = false; !isDone && writer.isReadable;) {
    const { writes } = writer
    isDone = true
    for (const entry of database.getRange({ ...(start && { start }), snapshot: false })) {
      // The smallest key after this one
      start = Buffer.concat([entry.key, Buffer.of(0)])
      yield entry
      isDone = writes === writer.writes
      if (!isDone) break
    }
  }
}
