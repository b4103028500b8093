import { Buffer } from 'node:buffer'

/** In bytes: many torrents' worth. A larger one has memory of its own. */
const SLAB = 4 * 1024 * 1024

/** Memory that results share. */
interface Slab {
  readonly bytes: Buffer
  /** The offset where the next result goes. */
  end: number
  /** How many results stand in it. */
  kept: number
}

/**
 * Memory for the bytes of edited torrents, which serves for others once they are written. To have new
 * memory for each of thousands takes longer than to edit them.
 */
export class ResultMemory {
  #current: Slab = newSlab()
  #offered: Uint8Array | null = null
  readonly #free: Slab[] = []
  /** Those in which results stand, by their memory. */
  readonly #used = new Map<ArrayBufferLike, Slab>()

  /** Room for a result, which is given to the next as well unless it is kept before. */
  readonly offer = (length: number): Uint8Array => {
    this.#offered = this.#findRoom(length)
    return this.#offered
  }

  /** Keeps bytes until they are let go: those of the last offer where they stand, others as a copy. */
  keep(bytes: Uint8Array): Uint8Array {
    const kept = bytes === this.#offered ? bytes : this.#copy(bytes)
    const slab = this.#current
    if (kept.buffer !== slab.bytes.buffer) return kept
    slab.end += kept.length
    slab.kept++
    this.#used.set(kept.buffer, slab)
    return kept
  }

  /** Lets go of bytes that were kept. */
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
