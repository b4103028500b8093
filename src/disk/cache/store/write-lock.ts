import { setTimeout } from 'node:timers/promises'
import { ByteLocks } from '../../write/locks.js'
import { monotonicNow } from '../../../base/process.js'

/** The byte that is locked: beyond the end of any file. */
const BYTE = 2 ** 52

/** Milliseconds between attempts. */
const AGAIN = 10

/**
 * The right of one process to write to a cache's file. LMDB has a lock for that, too, but waits for it without
 * end: a process that is stopped while it writes would stop all others. Without the native addon only
 * LMDB's lock is there.
 */
export class WriteLock {
  readonly #locks: ByteLocks | null

  /** Creates the file if it does not exist. */
  constructor(path: string) {
    this.#locks = ByteLocks.open(path)
  }

  /** Waits at most so many milliseconds for the lock. Returns whether this process has it. */
  async take(patience: number): Promise<boolean> {
    const end = monotonicNow() + patience
    while (this.#locks?.tryLock(BYTE) === 'held') {
      if (monotonicNow() >= end) return false
      await setTimeout(AGAIN)
    }
    return true
  }

  release(): void {
    this.#locks?.unlock(BYTE)
  }

  close(): void {
    this.#locks?.close()
  }
}
