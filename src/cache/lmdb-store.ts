import { open, type RootDatabase } from 'lmdb'
import type { Store } from './store.js'

/**
 * Opens a store in one LMDB file, which any number of processes may have open at once.
 *
 * A damaged file can crash the process (LMDB maps it into memory and believes it): see seal.ts.
 * `onFailure` hears of writes that failed, such as for want of space.
 */
export function openLmdbStore(path: string, onFailure: (error: unknown) => void): Store {
  const database: RootDatabase<Uint8Array, Uint8Array> = open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    compression: false,
  })
  // LMDB's own promises would each end the process if nobody listened
  const written = (done: Promise<boolean>) => {
    done.catch(onFailure)
  }
  return {
    get: (key) => database.getBinaryFast(key),
    put: (key, value) => {
      written(database.put(key, value))
    },
    remove: (key) => {
      written(database.remove(key))
    },
    entries: () => database.getRange({ snapshot: false }),
    flush: async () => {
      await Promise.resolve(database.committed).catch(onFailure)
    },
    close: async () => {
      await Promise.resolve(database.committed).catch(onFailure)
      await database.close()
    },
  }
}
