import { open, type RootDatabase } from 'lmdb'
import type { Store } from './store.js'

export interface LmdbStore extends Store {
  /** How many records LMDB believes to have. Looks at what is free in the file as well. */
  readonly count: () => number
}

/**
 * Opens a store in one LMDB file, which any number of processes may have open at once.
 *
 * A damaged file can crash the process (LMDB maps it into memory and believes it): see clean-mark.ts.
 * `onFailure` hears of writes that failed, such as for want of space.
 */
export function openLmdbStore(path: string, onFailure: (error: unknown) => void): LmdbStore {
  const database: RootDatabase<Uint8Array, Uint8Array> = open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    compression: false,
    // A batch of its own for each turn has a promise that nobody can listen to
    eventTurnBatching: false,
  })
  let isWritable = true
  const fail = (error: unknown) => {
    isWritable = false
    reasonOf(error).then(onFailure, onFailure)
  }
  const written = (done: Promise<boolean>) => {
    done.catch(fail)
  }
  const flush = () => Promise.resolve(database.committed).then(() => undefined, fail)
  return {
    get: (key) => {
      const bytes = database.getBinaryFast(key)
      // A buffer that serves again, with a property that hides its length from JavaScript alone
      return bytes && Uint8Array.prototype.subarray.call(bytes, 0, bytes.length)
    },
    put: (key, value) => {
      if (isWritable) written(database.put(key, value))
    },
    remove: (key) => {
      if (isWritable) written(database.remove(key))
    },
    count: () => (database.getStats() as { entryCount: number }).entryCount,
    entries: () => database.getRange({ snapshot: false }),
    flush,
    close: async () => {
      await flush()
      await database.close()
    },
  }
}

/** LMDB says in a promise why a commit failed. */
async function reasonOf(error: unknown): Promise<unknown> {
  await (error as { commitError?: Promise<never> }).commitError
  return error
}
