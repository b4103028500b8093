import { closeSync, openSync, readSync } from 'node:fs'
import { asBtkitError } from '../../errors.js'
import { becameShorter, openSameFile } from './open-same-file.js'
import { fileAt, ZEROS, type ContentStream } from './content-stream.js'
import { noteReadFailure, type ReadFailures } from './read-failures.js'

/** Reads ranges of a content stream. Keeps the last file open for the next range. */
export class StreamReader {
  #file = -1
  #descriptor = -1
  /** Why the last file could not be opened. */
  #refusal: Error | null = null

  /** With `failures`, unreadable bytes count as zeros and are recorded there. */
  constructor(
    readonly stream: ContentStream,
    readonly failures: ReadFailures | null = null,
  ) {}

  /**
   * Fills `target` with the stream's bytes from `position` on, in reads as large as possible.
   * @throws BtkitError `not-found`, `not-permitted`, `io`, or `changed` for a file that ends
   *   early or was replaced; only without `failures`
   */
  read(position: number, target: Uint8Array): void {
    let filled = 0
    for (let file = fileAt(this.stream, position); filled < target.length; file++) {
      const start = position + filled - this.#offset(file)
      const length = Math.min(this.#length(file) - start, target.length - filled)
      const part = target.subarray(filled, filled + length)
      if (this.failures) this.#readOrNote({ file, start, target: part }, this.failures)
      else this.#readOrThrow({ file, start, target: part })
      filled += length
    }
  }

  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor)
    this.#file = this.#descriptor = -1
    this.#refusal = null
  }

  #offset(file: number): number {
    return this.stream.offsets[file] ?? 0
  }

  #length(file: number): number {
    return this.#offset(file + 1) - this.#offset(file)
  }

  #readOrThrow(part: FilePart): void {
    try {
      this.#readPart(part)
    } catch (error) {
      throw asBtkitError(error, this.stream.paths[part.file] ?? '')
    }
  }

  #readOrNote(part: FilePart, failures: ReadFailures): void {
    try {
      this.#readPart(part)
    } catch {
      // Repeats the read piece by piece, so that a fault in one piece does not affect the others
      for (const [piece, inPiece] of this.#byPieces(part)) {
        this.#readPieceOrNote(inPiece, piece, failures)
      }
    }
  }

  #readPieceOrNote(part: FilePart, piece: number, failures: ReadFailures): void {
    try {
      this.#readPart(part)
    } catch (error) {
      noteReadFailure(failures, { file: part.file, piece }, error)
      part.target.fill(0)
    }
  }

  /**
   * Divides a range of a file at piece boundaries. Yields each part with the index of its piece.
   */
  *#byPieces({ file, start, target }: FilePart): Generator<[piece: number, part: FilePart]> {
    const position = this.#offset(file) + start
    for (let done = 0; done < target.length;) {
      const piece = Math.floor((position + done) / this.stream.pieceLength)
      const end = Math.min((piece + 1) * this.stream.pieceLength - position, target.length)
      yield [piece, { file, start: start + done, target: target.subarray(done, end) }]
      done = end
    }
  }

  #readPart({ file, start, target }: FilePart): void {
    const path = this.stream.paths[file] ?? ZEROS
    if (path === ZEROS) {
      target.fill(0)
      return
    }
    this.#open(file, path)
    for (let filled = 0; filled < target.length;) {
      const rest = target.length - filled
      const count = readSync(this.#descriptor, target, filled, rest, start + filled)
      if (count === 0) throw becameShorter(path)
      filled += count
    }
  }

  #open(file: number, path: string): void {
    if (this.#file !== file) {
      this.close()
      this.#file = file
      this.#openOrRefuse(file, path)
    }
    // The failed open is not repeated for each of the file's pieces
    if (this.#refusal !== null) throw this.#refusal
  }

  #openOrRefuse(file: number, path: string): void {
    const identity = this.stream.identities?.subarray(2 * file, 2 * file + 2)
    try {
      this.#descriptor = identity ? openSameFile(path, identity) : openSync(path, 'r')
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.#refusal = error
    }
  }
}

/** A range of the stream's file number `file`, from its byte `start` on. */
interface FilePart {
  readonly file: number
  readonly start: number
  readonly target: Uint8Array
}
