import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ByteRange } from '../../server/answers/byte-range.js'

/** Bytes read at a time. More are not faster, and each slow reader holds as many in memory. */
const CHUNK = 64 * 1024

/** Bytes read at a time while slow readers hold much memory. */
const SMALL_CHUNK = 4 * 1024

/** How the file of a download is read. */
export interface DownloadReads {
  /** Runs a read in its turn. */
  readonly run: <T>(read: () => Promise<T>) => Promise<T>
  /** Whether slow readers hold much memory. */
  readonly isTight: () => boolean
  /** Called whenever the client has accepted what was read. */
  readonly onRead: () => void
}

/**
 * A range of an open file, which is closed with the stream. Only a few files are read at once, so
 * that system threads remain free for other file operations.
 */
export class FileStream extends Readable {
  #at: number

  constructor(
    private readonly handle: FileHandle,
    private readonly range: ByteRange,
    private readonly reads: DownloadReads,
  ) {
    // Reads nothing ahead
    super({ highWaterMark: 0, emitClose: true })
    this.#at = range.start
  }

  /** Bytes still to send; above 0 at the end if the file became shorter. */
  get missing(): number {
    return this.range.end - this.#at
  }

  override _read(): void {
    this.reads.onRead()
    this.reads
      .run(() => this.#readChunk())
      .then(
        (chunk) => this.push(chunk),
        (error: unknown) => this.destroy(error as Error),
      )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const end = () => {
      done(error)
    }
    this.handle.close().then(end, end)
  }

  /** The next bytes; null at the end of the range or of the file. */
  async #readChunk(): Promise<Uint8Array | null> {
    const length = Math.min(this.missing, this.reads.isTight() ? SMALL_CHUNK : CHUNK)
    if (this.destroyed || length === 0) return null
    const { bytesRead, buffer } = await this.handle.read(
      Buffer.allocUnsafe(length),
      0,
      length,
      this.#at,
    )
    this.#at += bytesRead
    return bytesRead === 0 ? null : buffer.subarray(0, bytesRead)
  }
}
