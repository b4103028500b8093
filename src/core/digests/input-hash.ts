import { createHash } from 'node:crypto'
import type { Fingerprint } from '../../files/fingerprint.js'
import { FINGERPRINT_LENGTH, writeFingerprint } from '../../files/fingerprint.js'
import { TRUSTED_LENGTH, type CacheTrust } from './cache-trust.js'

const BUFFER = 64 * 1024

/** UTF-8 bytes of a UTF-16 unit, at most. */
const UNIT = 3

/**
 * SHA-256 of texts and fingerprints one after the other. Small ones are hashed together: a call for each
 * would cost more than the hashing.
 */
export class InputHash {
  readonly #hash = createHash('sha256')
  readonly #buffer = Buffer.allocUnsafe(BUFFER)
  readonly #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset)
  #length = 0

  /** Adds a text, as UTF-8. */
  text(text: string): void {
    const most = UNIT * text.length
    this.#reserve(most)
    if (most > BUFFER) this.#hash.update(text)
    else this.#length += this.#buffer.write(text, this.#length)
  }

  /** Adds the part of a fingerprint that is trusted. */
  fingerprint(fingerprint: Fingerprint, trust: CacheTrust): void {
    this.#reserve(FINGERPRINT_LENGTH)
    writeFingerprint(fingerprint, this.#view, this.#length)
    this.#length += TRUSTED_LENGTH[trust]
  }

  /** The digest of all that was added; nothing can be added after it. */
  digest(): Uint8Array {
    this.#flush()
    return this.#hash.digest()
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes > BUFFER) this.#flush()
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#length))
    this.#length = 0
  }
}
