import { ConcurrencyLimit } from '../concurrency-limit.js'
import { coalesce } from './coalesce.js'
import { createCleaner } from './remove-dead-files.js'
import { syncDirectory } from './sync-directory.js'
import { writeAtomicallyWith, type WriteFile } from './atomically.js'

/** Writes many files, several at a time. */
export interface Writer {
  /**
   * Writes a file as writeAtomically does, and resolves when it would outlive a power cut. Waits
   * its turn while as many as allowed are in flight.
   * @throws BtkitError those of writeAtomically
   */
  readonly write: WriteFile
  /** Resolves when no write is in flight or waiting any more, be they good or failed. */
  readonly close: () => Promise<void>
}

/**
 * Opens a writer that is as safe as writeAtomically and several times as fast: the disk is given
 * `inFlight` files to sync at once, and a directory is synced once for all the files that were
 * renamed in it since the last time.
 */
export function createWriter({ inFlight }: { inFlight: number }): Writer {
  const writeFile = writeAtomicallyWith({ sync: coalesce(syncDirectory), clean: createCleaner() })
  const limit = new ConcurrencyLimit(inFlight)
  return {
    write: (...file) => limit.run(() => writeFile(...file)),
    close: () => limit.drain(),
  }
}
