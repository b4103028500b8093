import { open } from 'lmdb'
import { BatchWriter, type Database, type LmdbStats } from './batch-writer.js'
import { createLockFile } from './lock-file.js'
import type { Store } from './store.js'

export interface LmdbStore extends Store {
  /** Returns a number that grows with each transaction of any process. */
  readonly version: () => number
}

/**
 * Opens a store in one LMDB file. Any number of processes may have it open at once.
 *
 * A damaged file can crash the process, because LMDB maps it into memory and trusts it: see
 * opened-file.ts. `onFailure` receives one error if nothing can be written any more, for example
 * without disk space. `beforeWrite` is called before each transaction.
 * @throws Error of LMDB or the system if the file cannot be opened
 */
export function openLmdbStore(
  path: string,
  onFailure: (error: unknown) => void,
  beforeWrite: () => void = () => undefined,
): LmdbStore {
  createLockFile(`${path}-lock`)
  const database: Database = open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    compression: false,
    // The file is synced when it is closed; after a power failure it is checked
    noSync: true,
    // A batch for each event turn would create a promise that cannot be handled
    eventTurnBatching: false,
  })
  const writer = new BatchWriter({ database, path, onFailure, beforeWrite })
  const stats = () => database.getStats() as LmdbStats
  return {
    get: (key) => {
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
    count: () => stats().entryCount,
    version: () => stats().lastTxnId,
    usedBytes: () => {
      const { treeBranchPageCount, treeLeafPageCount, overflowPages, pageSize } = stats()
      return (treeBranchPageCount + treeLeafPageCount + overflowPages) * pageSize
    },
    entries: (from) => entriesOf(database, writer, from),
    flush: () => writer.flush(),
    close: () => writer.close(),
  }
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
