import { statSync } from 'node:fs'
import { BtkitError, describeOsError, osCodeOf } from '../../../base/errors.js'

// Without this file, a run whose torrents or records find no space would read all content for
// nothing, which takes a day on a large mirror.

/** Codes of the system that concern a whole disk. */
const OF_DISK: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']

/** The disks on which a run could not write. */
export class FailedDisks {
  /** Whether a write has succeeded or failed. */
  isTried = false
  /** The failure of each, by device. */
  readonly #failures = new Map<number, Error>()

  /**
   * Calls a function that writes in a directory. All failures of one disk are reported as the first
   * one; `shown` is the path for messages, unless that of the function names its directory.
   * @throws as `write`
   */
  async write<T>(directory: string, write: () => Promise<T>, shown?: string): Promise<T> {
    try {
      return await write()
    } catch (error) {
      const cause = error instanceof BtkitError ? error.cause : error
      if (!(error instanceof Error) || !(cause instanceof Error)) throw error
      if (!OF_DISK.includes(osCodeOf(cause))) throw error
      const { dev } = statSync(directory)
      const said = `${shown}: ${describeOsError(cause)}`
      const named = shown === undefined ? error : new BtkitError('io', said, { cause })
      const failure = this.#failures.get(dev) ?? named
      this.#failures.set(dev, failure)
      throw failure
    } finally {
      this.isTried = true
    }
  }

  /**
   * Makes sure, before content is read, that no write to the disk of a directory has failed.
   * @throws as the write that failed
   */
  check(directory: string): void {
    if (this.#failures.size === 0) return
    const failure = this.#failures.get(statSync(directory).dev)
    if (failure) throw failure
  }
}
