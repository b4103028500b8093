import { Buffer } from 'node:buffer'

/** Bytes of shared memory for many results. A larger result gets its own memory. */
const SLAB = 4 * 1024 * 1024

/** Memory shared by results. */
interface Slab {
  readonly bytes: Buffer
  /** The offset for the next result. */
  end: number
  /** Number of results in it. */
  kept: number
}

/**
 * Memory for the bytes of edited torrents. It is reused after they are written, because allocating
 * memory for thousands of torrents takes longer than editing them.
 */
export class ResultMemory {
  #current: Slab = newSlab()
  #offered: Uint8Array | null = null
  readonly #free: Slab[] = []
  /** Slabs that contain results, by their memory. */
  readonly #used = new Map<ArrayBufferLike, Slab>()

  /** Offers memory for a result. The next call offers the same memory unless it is kept. */
  readonly offer = (length: number): Uint8Array => {
    this.#offered = this.#findRoom(length)
    return this.#offered
  }

  /**
   * Keeps bytes until they are released: in place if they are the last offer, otherwise as a copy.
   */
  keep(bytes: Uint8Array): Uint8Array {
    const kept = bytes === this.#offered ? bytes : this.#copy(bytes)
    const slab = this.#current
    if (kept.buffer !== slab.bytes.buffer) return kept
    slab.end += kept.length
    slab.kept++
    this.#used.set(kept.buffer, slab)
    return kept
  }

  /** Releases kept bytes. */
  letGo({ buffer }: Uint8Array): void {
    const slab = this.#used.get(buffer)
    if (slab === undefined || --slab.kept > 0) return
    this.#used.delete(buffer)
    slab.end = 0
    if (slab !== this.#current) this.#free.push(slab)
  }

  #findRoom(length: number): Uint8Array {
    if (length > SLAB) return Buffer.allocUnsafeSlow(length)
    if (this.#current.end + length > SLAB) this.#current = this.#free.pop() ?? newSlab()
    const { bytes, end } = this.#current
    return bytes.subarray(end, end + length)
  }

  #copy(bytes: Uint8Array): Uint8Array {
    const copy = this.offer(bytes.length)
    copy.set(bytes)
    return copy
  }
}

function newSlab(): Slab {
  return { bytes: Buffer.allocUnsafeSlow(SLAB), end: 0, kept: 0 }
}
