import { createHmac } from 'node:crypto'
import { sipHash, wordAt } from './sip-hash.js'

/** The length of a period in seconds. An id is valid for one to two periods. */
const PERIOD = 60

/** Size of the secret in bytes. */
export const ID_SECRET = 32

/**
 * Connection ids of UDP (BEP 15). They prove that a client can receive packets at its address. An
 * id is a keyed hash of address and time, so no state is kept.
 */
export class ConnectionIds {
  readonly #id = new Uint32Array(2)
  #keys: readonly PeriodKey[] = []

  /** `secret` has `ID_SECRET` random bytes. */
  constructor(private readonly secret: Uint8Array) {}

  /** Issues the id for an address of 16 bytes at a time in seconds. The id has eight bytes. */
  issue(address: Uint8Array, second: number): Uint8Array {
    const [low = 0, high = 0] = this.#idOf(address, Math.floor(second / PERIOD))
    const id = Buffer.alloc(8)
    id.writeUInt32LE(low)
    id.writeUInt32LE(high, 4)
    return id
  }

  /**
   * Whether the bytes begin with a valid id of this address. The clock of a tracker with the same
   * secret may be ahead: its ids of the next period are valid, too.
   */
  accepts(id: Uint8Array, address: Uint8Array, second: number): boolean {
    const period = Math.floor(second / PERIOD)
    return [period, period - 1, period + 1].some((each) => isSame(id, this.#idOf(address, each)))
  }

  /** Hashes the address with the key of a period. The result is valid until the next call. */
  #idOf(address: Uint8Array, period: number): Uint32Array {
    const known = this.#keys.find((each) => each.period === period)
    sipHash((known ?? this.#addKey(period)).key, address, this.#id)
    return this.#id
  }

  /** Adds a period's key and keeps two others. No more than three periods are in use. */
  #addKey(period: number): PeriodKey {
    const secret = createHmac('sha256', this.secret).update(`${period}`).digest()
    const key = Uint32Array.from([0, 4, 8, 12], (at) => secret.readUInt32LE(at))
    const added = { period, key }
    this.#keys = [added, ...this.#keys.slice(0, 2)]
    return added
  }
}

/** The key for the ids of one period. */
interface PeriodKey {
  readonly period: number
  readonly key: Uint32Array
}

/** Compares in constant time. */
function isSame(id: Uint8Array, words: Uint32Array): boolean {
  return ((wordAt(id, 0) ^ (words[0] ?? 0)) | (wordAt(id, 4) ^ (words[1] ?? 0))) === 0
}
