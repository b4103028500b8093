import { createHmac, timingSafeEqual } from 'node:crypto'

/** The length of a period in seconds. An id is valid for one to two periods. */
const PERIOD = 60

/** Size of the secret in bytes. */
export const ID_SECRET = 32

const ID_SIZE = 8

/**
 * Connection ids of UDP (BEP 15). They prove that a client can receive packets at its address. An
 * id is a keyed hash of address and time, so no state is kept.
 */
export class ConnectionIds {
  /** `secret` has `ID_SECRET` random bytes. */
  constructor(private readonly secret: Uint8Array) {}

  /** Issues the id for an address of 16 bytes at a time in seconds. The id has eight bytes. */
  issue(address: Uint8Array, second: number): Uint8Array {
    return this.#idOf(address, Math.floor(second / PERIOD))
  }

  /**
   * Whether the bytes begin with a valid id of this address. The clock of a tracker with the same
   * secret may be ahead: its ids of the next period are valid, too.
   */
  accepts(id: Uint8Array, address: Uint8Array, second: number): boolean {
    const period = Math.floor(second / PERIOD)
    const given = id.subarray(0, ID_SIZE)
    if (given.length < ID_SIZE) return false
    return [period, period - 1, period + 1].some((each) =>
      timingSafeEqual(given, this.#idOf(address, each)),
    )
  }

  /** Hashes an address and a period with the secret. */
  #idOf(address: Uint8Array, period: number): Uint8Array {
    const hmac = createHmac('sha256', this.secret).update(`${period}\n`)
    return hmac.update(address).digest().subarray(0, ID_SIZE)
  }
}
