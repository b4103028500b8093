/** Reads a protocol: it yields the number of bytes that it needs next, and gets them. */
export type Protocol<Result = void> = Generator<number, Result, Buffer>

const EMPTY = Buffer.alloc(0)

/** Bytes that have arrived, until they are taken. Bytes that were taken do not change. */
export class Arrived {
  #bytes: Buffer = EMPTY
  #start = 0
  #end = 0

  push(bytes: Buffer): void {
    const length = this.#end - this.#start
    if (length === 0) {
      this.#bytes = bytes
      ;[this.#start, this.#end] = [0, bytes.length]
      return
    }
    if (this.#bytes.length - this.#end < bytes.length) {
      // A message that comes byte by byte is not copied with each
      const grown = Buffer.allocUnsafe(Math.max(2 * length, length + bytes.length))
      this.#bytes.copy(grown, 0, this.#start, this.#end)
      this.#bytes = grown
      ;[this.#start, this.#end] = [0, length]
    }
    this.#end += bytes.copy(this.#bytes, this.#end)
  }

  /** Takes bytes; null if there are not as many. */
  take(length: number): Buffer | null {
    if (length > this.#end - this.#start) return null
    this.#start += length
    return this.#bytes.subarray(this.#start - length, this.#start)
  }

  takeAll(): Buffer {
    return this.take(this.#end - this.#start) ?? EMPTY
  }

  /** Holds no more memory than the bytes that are left need. */
  settle(): void {
    const rest = this.#bytes.subarray(this.#start, this.#end)
    if (rest.length === 0) this.#bytes = EMPTY
    else if (4 * rest.length < this.#bytes.length) this.#bytes = Buffer.from(rest)
    else return
    ;[this.#start, this.#end] = [0, rest.length]
  }
}
