import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { loadNative } from '../native-addon.js'

/** The native addon's functions; native/file_lock.h has the contract. */
interface ByteLocksAddon {
  lockByte(descriptor: number, offset: number): number
  unlockByte(descriptor: number, offset: number): number
}

const addon = loadNative<ByteLocksAddon>('lockByte', 'unlockByte')

/**
 * Many locks in one file, each on one of its bytes. The kernel releases those of a process that ends
 * in any way. The file stays empty.
 */
export class ByteLocks {
  readonly #descriptor: number
  readonly #addon: ByteLocksAddon

  private constructor(descriptor: number, functions: ByteLocksAddon) {
    this.#descriptor = descriptor
    this.#addon = functions
  }

  /**
   * Opens the file, which is created if it does not exist. Null if it cannot be opened, or without
   * the native addon.
   */
  static open(path: string): ByteLocks | null {
    if (addon === null) return null
    try {
      return new ByteLocks(openSync(path, 'a', 0o600), addon)
    } catch {
      return null
    }
  }

  /**
   * Locks a byte: `held` if another open file has the lock, `impossible` if the file system or the
   * system has no such locks.
   */
  tryLock(offset: number): 'locked' | 'held' | 'impossible' {
    const errno = this.#addon.lockByte(this.#descriptor, offset)
    if (errno === 0) return 'locked'
    return errno === constants.errno.EAGAIN ? 'held' : 'impossible'
  }

  unlock(offset: number): void {
    this.#addon.unlockByte(this.#descriptor, offset)
  }

  /** Closes the file, which releases all locks. */
  close(): void {
    closeSync(this.#descriptor)
  }
}
