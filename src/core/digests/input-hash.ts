import { createHash } from 'node:crypto'
import { FINGERPRINT_LENGTH, writeFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import { TRUSTED_LENGTH, type CacheTrust } from './cache-trust.js'

const BUFFER = 64 * 1024

/** Most UTF-8 bytes for a UTF-16 unit. */
const UNIT = 3

/**
 * Computes SHA-256 of texts and fingerprints. Small ones are hashed together, because a call for
 * each would cost more than the hashing.
 */
export class InputHash {
  #hash = createHash('sha256')
  readonly #buffer = Buffer.allocUnsafe(BUFFER)
  readonly #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset)
  #length = 0

  /** Adds a text as UTF-8. */
  text(text: string): void {
    const most = UNIT * text.length
    this.#reserve(most)
    if (most > BUFFER) this.#hash.update(text)
    else this.#length += this.#buffer.write(text, this.#length)
  }

  /** Adds the trusted part of a fingerprint. */
  fingerprint(fingerprint: Fingerprint, trust: CacheTrust): void {
    this.#reserve(FINGERPRINT_LENGTH)
    writeFingerprint(fingerprint, this.#view, this.#length)
    this.#length += TRUSTED_LENGTH[trust]
  }

  /** Returns the digest of all that was added, and begins again. */
  digest(): Uint8Array {
    this.#flush()
    const digest = this.#hash.digest()
    this.#hash = createHash('sha256')
    return digest
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes > BUFFER) this.#flush()
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }
}
