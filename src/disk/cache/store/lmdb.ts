import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { open } from 'lmdb'
import { ByteLocks } from '../../write/locks.js'
import { walk } from '../deaths.js'
import {
  LmdbStore,
  PATIENCE,
  WRITERS,
  type Database,
  type LmdbStats,
  type StoreListener,
} from './lmdb-store.js'

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
): Promise<LmdbStore> {
  const lock = ByteLocks.open(path)
  try {
    // LMDB writes when it opens a file
    if ((await lock?.take(WRITERS, patience.open)) === false) throw new Error(LOCKED)
    await requireSound(path)
    const store = new LmdbStore(openDatabase(path), path, lock, onChange, patience)
    lock?.unlock(WRITERS)
    return store
  } catch (error) {
    lock?.close()
    throw error
  }
}

const LOCKED = 'another process keeps it locked; end that process if it was stopped'

/** @throws as openLmdbStore */
function openDatabase(path: string): Database {
  // LMDB would let a group write it
  closeSync(openSync(path, 'a', 0o600))
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
  return database
}

const NO_DATABASE = 'cut, or not a cache'

/**
 * Makes sure that a file which another program wrote to does not end this process. A file that only stores
 * wrote to has a time of whole seconds.
 * @throws Error if it is damaged, or no LMDB file
 */
async function requireSound(path: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats || stats.size === 0) return
  if (!hasHeader(path)) throw new Error(NO_DATABASE)
  if (stats.mtimeMs % 1000 !== 0 && (await walk(path)) !== null) throw new Error(NO_DATABASE)
}

/** A number in both header pages, and its offset; and the offset of the page length. */
const MAGIC = 0xbeefc0de
const MAGIC_AT = 24
const PAGE_LENGTH_AT = 48

/** Whether both header pages are there: LMDB would crash without them. */
function hasHeader(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const page = Buffer.alloc(64)
    readSync(file, page, 0, page.length, 0)
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
