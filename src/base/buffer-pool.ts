/**
 * Most bytes of buffers that are kept for later: as many as slow clients may hold. Else those of a
 * crowd that leaves would be garbage, which stays until its bytes are many.
 */
const MOST_KEPT = 40 * 1024 * 1024

const SMALLEST = 4 * 1024

/** The buffer for no bytes. */
export const NOTHING = Buffer.alloc(0)

/**
 * Buffers that were used before: to get a new one takes longer than to read a file into it. Their
 * sizes are powers of two, so that no small file holds a large one while its client reads.
 */
export class BufferPool {
  readonly #kept = new Map<number, Buffer[]>()
  #bytes = 0

  /** A buffer of at least so many bytes, and of less than twice as many. */
  take(bytes: number): Buffer {
    if (bytes === 0) return NOTHING
    let size = SMALLEST
    while (size < bytes) size *= 2
    const kept = this.#kept.get(size)?.pop()
    if (kept) this.#bytes -= size
    return kept ?? Buffer.allocUnsafeSlow(size)
  }

  /** Takes a buffer back that nobody uses any more. */
  give(buffer: Buffer): void {
    const size = buffer.length
    if (size === 0 || this.#bytes + size > MOST_KEPT) return
    const kept = this.#kept.get(size)
    if (kept) kept.push(buffer)
    else this.#kept.set(size, [buffer])
    this.#bytes += size
  }
}
