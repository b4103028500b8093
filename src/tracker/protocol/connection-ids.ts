import { createCipheriv, createHmac, type Cipher } from 'node:crypto'

/** Seconds for which ids are made alike: one is taken for at least as long, and at most for twice. */
const PERIOD = 60

/** Bytes of the secret. */
export const ID_SECRET = 32

/**
 * Connection ids of UDP (BEP 15), which prove that who sends them can receive at its address. They
 * are a keyed hash over address and time, so that there is nothing to remember.
 */
export class ConnectionIds {
  readonly #secret: Uint8Array
  #ciphers: readonly PeriodCipher[] = []

  /** The secret has `ID_SECRET` random bytes, the same in all threads. */
  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** Eight bytes, for an address of 16 bytes at a second. */
  issue(address: Uint8Array, second: number): Uint8Array {
    return this.#idOf(address, Math.floor(second / PERIOD))
  }

  /** Whether an id was issued to the address, not too long ago. */
  accepts(id: Uint8Array, address: Uint8Array, second: number): boolean {
    const period = Math.floor(second / PERIOD)
    return isSame(id, this.#idOf(address, period)) || isSame(id, this.#idOf(address, period - 1))
  }

  /** The first half of the address, encrypted with the key of the period. */
  #idOf(address: Uint8Array, period: number): Uint8Array {
    const known = this.#ciphers.find((each) => each.period === period)
    return (known ?? this.#addCipher(period)).cipher.update(address).subarray(0, 8)
  }

  /** Ids of two periods are looked at by turns: there is never need of a third. */
  #addCipher(period: number): PeriodCipher {
    const key = createHmac('sha256', this.#secret).update(`${period}`).digest()
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    const added = { period, cipher }
    this.#ciphers = [added, ...this.#ciphers.slice(0, 1)]
    return added
  }
}

/** What makes the ids of a period. */
interface PeriodCipher {
  readonly period: number
  readonly cipher: Cipher
}

/** In the same time wherever they differ. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0
  for (let at = 0; at < 8; at += 1) difference |= (a[at] ?? 0) ^ (b[at] ?? 0)
  return difference === 0
}
