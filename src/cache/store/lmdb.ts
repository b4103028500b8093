import { open } from 'lmdb'
import { BatchWriter, type Database, type LmdbStats } from './batch-writer.js'
import { createLockFile } from './lock-file.js'
import type { Store } from './store.js'

export interface LmdbStore extends Store {
  /** A number that grows with each transaction, of whichever process. */
  readonly version: () => number
}

/**
 * Opens a store in one LMDB file, which any number of processes may have open at once.
 *
 * A damaged file can crash the process (LMDB maps it into memory and believes it): see opened-file.ts.
 * `onFailure` hears, once, why nothing is written any more, such as for want of space. `beforeWrite` is
 * called before each transaction.
 * @throws Error of LMDB or the system when the file can't be opened
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
    // The file is brought to the disk when it is closed; after a power failure it is checked
    noSync: true,
    // A batch of its own for each turn has a promise that nobody can listen to
    eventTurnBatching: false,
  })
  const writer = new BatchWriter({ database, path, onFailure, beforeWrite })
  const stats = () => database.getStats() as LmdbStats
  return {
    get: (key) => {
      const bytes = writer.read(() => database.getBinaryFast(key))
      // A buffer that serves again, with a property that hides its length from JavaScript alone
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

/** All records from a key on. Begins again after the last one whenever something was written. */
function* entriesOf(database: Database, writer: BatchWriter, from?: Uint8Array) {
  let start = from && Buffer.from(from)
  for (let isDone = false; !isDone && writer.isReadable;) {
    const { writes } = writer
    isDone = true
    for (const entry of database.getRange({ ...(start && { start }), snapshot: false })) {
      // The least of the keys that come after this one
      start = Buffer.concat([entry.key, Buffer.of(0)])
      yield entry
      isDone = writes === writer.writes
      if (!isDone) break
    }
  }
}
