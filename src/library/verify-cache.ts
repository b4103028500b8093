import { verifyCache as verify, type CacheCheck } from '../core/cache/verify.js'
import { placeOf, type CacheOptions } from './cache.js'
import { startTask, type Task, type TaskOptions } from './task.js'
import { hashContextOf, type WorkOptions } from './work.js'

/** Options for checking a cache. */
export interface VerifyCacheOptions
  extends CacheOptions, TaskOptions, Pick<WorkOptions, 'threads' | 'maxRate'> {
  /** Number of records to check, drawn at random (default: 1000). */
  readonly sample?: number | undefined
}

/**
 * Compares records of a cache with their files. Removes records that are wrong, and returns the
 * paths of their files.
 * @throws BtkitError if a file cannot be read, and `interrupted`
 */
export function verifyCache(directory: string, options: VerifyCacheOptions = {}): Task<CacheCheck> {
  return startTask(options, (signal, tell) => {
    const { engine } = hashContextOf(options, { signal, tell, bytesTotal: () => 0 })
    const { sample = 1000 } = options
    return verify(placeOf(directory, options), { ...engine, onProgress: undefined }, sample)
  })
}
