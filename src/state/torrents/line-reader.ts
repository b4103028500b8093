import { readSync } from 'node:fs'
import { BtkitError } from '../../errors.js'

const NEWLINE = 0x0a

/** Bytes per read, which usually hold many lines. */
const WINDOW = 64 * 1024

/** A file of lines, open for reading. */
export interface OpenLines {
  readonly descriptor: number
  /** The file's name in messages. */
  readonly name: string
}

/** Reads lines of an append-only file. Reading in file order is fastest. */
export class LineReader {
  /** A part of the file, and its offset in bytes. */
  #window: Buffer = Buffer.alloc(0)
  #start = 0
  /** The buffer that the window is a view of. */
  #room: Buffer = Buffer.alloc(0)

  constructor(private readonly file: OpenLines) {}

  /**
   * Returns the line that begins at an offset in bytes, with its newline. The result is a view that
   * is valid only until the next call.
   * @throws BtkitError `io` if there is no whole line; system errors unchanged
   */
  lineAt(offset: number): Buffer {
    let line = this.#find(offset)
    for (let length = WINDOW; line === null; length *= 2) {
      const isEnd = !this.#load(offset, length)
      line = this.#find(offset)
      if (line === null && isEnd) {
        throw new BtkitError('io', `${this.file.name}: was cut off by something else`)
      }
    }
    return line
  }

  #find(offset: number): Buffer | null {
    const start = offset - this.#start
    if (start < 0 || start >= this.#window.length) return null
    const end = this.#window.indexOf(NEWLINE, start)
    return end < 0 ? null : this.#window.subarray(start, end + 1)
  }

  /** Loads a part of the file into the window. Returns whether the file has that many bytes. */
  #load(offset: number, length: number): boolean {
    if (this.#room.length < length) this.#room = Buffer.allocUnsafeSlow(length)
    const window = this.#room
    let end = 0
    for (let read = -1; read !== 0 && end < length; end += read) {
      read = readSync(this.file.descriptor, window, end, length - end, offset + end)
    }
    this.#window = window.subarray(0, end)
    this.#start = offset
    return end === length
  }
}
