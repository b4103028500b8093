import { readSync } from 'node:fs'
import { BtkitError } from '../../errors.js'

const NEWLINE = 0x0a

/** Bytes that are read at once, which are many lines. */
const WINDOW = 64 * 1024

/** A file of lines, open for reading. */
export interface OpenLines {
  readonly descriptor: number
  /** What messages call the file. */
  readonly name: string
}

/** Reads lines of a file to which others are only added. It is fastest in the order of the file. */
export class LineReader {
  readonly #file: OpenLines
  /** A part of the file, and the offset where it begins. */
  #window: Buffer = Buffer.alloc(0)
  #start = 0
  /** What the window is a part of. */
  #room: Buffer = Buffer.alloc(0)

  constructor(file: OpenLines) {
    this.#file = file
  }

  /**
   * The line that begins at an offset in bytes, with its newline. It is a view that lasts until the
   * next line is asked for.
   * @throws BtkitError `io` when there is no whole line; system errors as they are
   */
  lineAt(offset: number): Buffer {
    let line = this.#find(offset)
    for (let length = WINDOW; line === null; length *= 2) {
      const isEnd = !this.#load(offset, length)
      line = this.#find(offset)
      if (line === null && isEnd) {
        throw new BtkitError('io', `${this.#file.name}: was cut off by something else`)
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

  /** Reads a part of the file, and tells whether it has that many bytes. */
  #load(offset: number, length: number): boolean {
    if (this.#room.length < length) this.#room = Buffer.allocUnsafeSlow(length)
    const window = this.#room
    let end = 0
    for (let read = -1; read !== 0 && end < length; end += read) {
      read = readSync(this.#file.descriptor, window, end, length - end, offset + end)
    }
    this.#window = window.subarray(0, end)
    this.#start = offset
    return end === length
  }
}
