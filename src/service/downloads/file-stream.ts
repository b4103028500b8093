import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import type { ByteRange } from '../web/byte-range.js'

/** Bytes read at a time: more are no faster, and each client that reads slowly holds as many. */
const CHUNK = 64 * 1024

/**
 * A stretch of an open file, which is closed with the stream. Only a few files are read at once, so
 * that the system's threads are free for those who look at files.
 */
export class FileStream extends Readable {
  readonly #handle: FileHandle
  readonly #reads: ConcurrencyLimit
  #at: number
  readonly #end: number

  constructor(handle: FileHandle, { start, end }: ByteRange, reads: ConcurrencyLimit) {
    // Nothing is read ahead of what the client takes
    super({ highWaterMark: 0, emitClose: true })
    this.#handle = handle
    this.#reads = reads
    this.#at = start
    this.#end = end
  }

  /** Bytes that are still to come; at the end of a file that got shorter there are some. */
  get missing(): number {
    return this.#end - this.#at
  }

  override _read(): void {
    this.#reads
      .run(() => this.#readChunk())
      .then(
        (chunk) => this.push(chunk.length > 0 ? chunk : null),
        (error: unknown) => this.destroy(error as Error),
      )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#handle.close().then(
      () => {
        done(error)
      },
      () => {
        done(error)
      },
    )
  }

  async #readChunk(): Promise<Uint8Array> {
    const length = Math.min(CHUNK, this.missing)
    if (length === 0 || this.destroyed) return new Uint8Array(0)
    const chunk = Buffer.allocUnsafe(length)
    const { bytesRead } = await this.#handle.read(chunk, 0, length, this.#at)
    this.#at += bytesRead
    return chunk.subarray(0, bytesRead)
  }
}
