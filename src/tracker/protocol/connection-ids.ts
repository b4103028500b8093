import { createHmac } from 'node:crypto'
import { sipHash, wordAt } from './sip-hash.js'

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
  readonly #id = new Uint32Array(2)
  #keys: readonly PeriodKey[] = []

  /** The secret has `ID_SECRET` random bytes. */
  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** Eight bytes, for an address of 16 bytes at a second. */
  issue(address: Uint8Array, second: number): Uint8Array {
    const [low = 0, high = 0] = this.#idOf(address, Math.floor(second / PERIOD))
    const id = Buffer.alloc(8)
    id.writeUInt32LE(low)
    id.writeUInt32LE(high, 4)
    return id
  }

  /** Whether what begins with an id has one issued to the address, not too long ago. */
  accepts(id: Uint8Array, address: Uint8Array, second: number): boolean {
    const period = Math.floor(second / PERIOD)
    return isSame(id, this.#idOf(address, period)) || isSame(id, this.#idOf(address, period - 1))
  }

  /** The address, hashed with the key of the period; lasts until the next. */
  #idOf(address: Uint8Array, period: number): Uint32Array {
    const known = this.#keys.find((each) => each.period === period)
    sipHash((known ?? this.#addKey(period)).key, address, this.#id)
    return this.#id
  }

  /** Ids of two periods are looked at by turns: there is never need of a third. */
  #addKey(period: number): PeriodKey {
    const secret = createHmac('sha256', this.#secret).update(`${period}`).digest()
    const key = Uint32Array.from([0, 4, 8, 12], (at) => secret.readUInt32LE(at))
    const added = { period, key }
    this.#keys = [added, ...this.#keys.slice(0, 1)]
    return added
  }
}

/** What makes the ids of a period. */
interface PeriodKey {
  readonly period: number
  readonly key: Uint32Array
}

/** In the same time wherever they differ. */
function isSame(id: Uint8Array, words: Uint32Array): boolean {
  return ((wordAt(id, 0) ^ (words[0] ?? 0)) | (wordAt(id, 4) ^ (words[1] ?? 0))) === 0
}
