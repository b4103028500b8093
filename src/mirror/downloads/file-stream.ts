import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import type { BodyPart } from '../../server/answers/multipart-ranges.js'
import { nextSpans, type DownloadSpan } from './spans.js'

/** Bytes read at a time. More are not faster, and each slow reader holds as many in memory. */
const CHUNK = 64 * 1024

/** Bytes read at a time while slow readers together hold more than `MUCH` bytes. */
const SMALL_CHUNK = 4 * 1024
const MUCH = 128 * 1024 * 1024

/** The limits that all downloads share. */
export class DownloadReads extends ConcurrencyLimit {
  /** Bytes that were read but not accepted by clients yet. */
  held = 0

  /** Bytes to read at a time: all downloads together hold little more than `MUCH`. */
  get chunk(): number {
    return this.held < MUCH ? CHUNK : SMALL_CHUNK
  }
}

const NOTHING = new Uint8Array(0)

/**
 * Ranges of an open file, which is closed with the stream. Only a few files are read at once, so
 * that system threads remain free for other file operations.
 */
export class FileStream extends Readable {
  readonly #handle: FileHandle
  readonly #reads: DownloadReads
  /** Bytes of the last chunk until its client has accepted it. */
  #held = 0
  #isReleased = false
  /** The parts still to send; the first may be under way. */
  readonly #parts: BodyPart[]

  constructor(handle: FileHandle, parts: readonly BodyPart[], reads: DownloadReads) {
    // Reads nothing ahead
    super({ highWaterMark: 0, emitClose: true })
    this.#handle = handle
    this.#reads = reads
    this.#parts = [...parts]
  }

  /** Bytes still to send; above 0 at the end if the file became shorter. */
  get missing(): number {
    return this.#parts.reduce((sum, { lead, start, end }) => sum + lead.length + end - start, 0)
  }

  override _read(): void {
    this.#hold(0)
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

  /** The next bytes; empty at the end of the ranges or of the file. */
  async #readChunk(): Promise<Uint8Array> {
    const read: Uint8Array[] = []
    for (const span of nextSpans(this.#parts, this.#reads.chunk)) {
      if (this.destroyed) return NOTHING
      const bytes = await this.#readSpan(span)
      for (const part of span.parts) {
        const there = stretchOf(bytes, span, part)
        const isWhole = there.length === part.end - part.start
        if (there.length === 0 && !isWhole) return joined(read)
        read.push(part.lead, there)
        this.#advance(part.start + there.length)
        if (!isWhole) return joined(read)
      }
    }
    return joined(read)
  }

  /** The bytes of a span, as far as the file has them. */
  async #readSpan({ start, end }: DownloadSpan): Promise<Uint8Array> {
    if (start === end) return NOTHING
    const bytes = Buffer.allocUnsafe(end - start)
    this.#hold(this.#held + bytes.length)
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, start)
    return bytes.subarray(0, bytesRead)
  }

  /** Releases the held bytes; call it when the client has the answer or has left. */
  release(): void {
    this.#hold(0)
    this.#isReleased = true
  }

  #hold(bytes: number): void {
    if (this.#isReleased) return
    this.#reads.held += bytes - this.#held
    this.#held = bytes
  }

  /** Records that the first part was read up to the byte `at`. */
  #advance(at: number): void {
    const [part] = this.#parts
    if (part && at < part.end) this.#parts[0] = { lead: NOTHING, start: at, end: part.end }
    else this.#parts.shift()
  }
}

/** The bytes of a part within a span. */
function stretchOf(bytes: Uint8Array, span: DownloadSpan, { start, end }: BodyPart): Uint8Array {
  return start === end ? NOTHING : bytes.subarray(start - span.start, end - span.start)
}

function joined(read: readonly Uint8Array[]): Uint8Array {
  const [only = NOTHING, ...others] = read.filter(({ length }) => length > 0)
  return others.length === 0 ? only : Buffer.concat([only, ...others])
}
