import { digestOf } from '../digest.js'
import { ByteLocks } from '../files/byte-locks.js'
import { HeldNames, type Claims } from './claims.js'

/** Bytes of a digest that become the place of a lock: an exact integer in JavaScript. */
const PLACE_BYTES = 6

/** Claims among the processes of one machine: locks in a file, which end with their process. */
export class LocalClaims implements Claims {
  readonly #path: string
  readonly #held = new HeldNames()
  /** Undefined before the first claim; null if there are no locks. */
  #locks: ByteLocks | null | undefined

  /** The file is created with the first claim. */
  constructor(path: string) {
    this.#path = path
  }

  claim(names: readonly string[]): Promise<'held' | 'wait'> {
    const missing = this.#held.missing(names)
    const locked: string[] = []
    for (const name of missing) {
      const answer = this.#open()?.tryLock(placeOf(name))
      if (answer === 'held') {
        this.#unlock(locked)
        return Promise.resolve('wait')
      }
      locked.push(name)
    }
    this.#held.add(names)
    return Promise.resolve('held')
  }

  /** Locks do not expire. */
  renew(): Promise<void> {
    return Promise.resolve()
  }

  release(names: readonly string[]): Promise<void> {
    this.#unlock(this.#held.remove(names))
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.#locks?.close()
    this.#locks = null
    return Promise.resolve()
  }

  #open(): ByteLocks | null {
    this.#locks ??= this.#locks === null ? null : ByteLocks.open(this.#path)
    return this.#locks
  }

  #unlock(names: readonly string[]): void {
    for (const name of names) this.#locks?.unlock(placeOf(name))
  }
}

function placeOf(name: string): number {
  return digestOf('sha256', name).readUIntBE(0, PLACE_BYTES)
}
