import type { FileHandle } from 'node:fs/promises'

const LINE_FEED = 0x0a

const NOTHING = Buffer.alloc(0)

/** Appends lines to one file. Where it takes a part of a line only, as a pipe does, the rest comes next. */
export class LineWriter {
  /** What is left of a line whose beginning is written. */
  #rest: Buffer = NOTHING

  /**
   * Writes whole lines, after the rest of one that was cut short.
   * @throws what the system has against it: then some of the lines are lost, each of them whole
   */
  async write(file: Pick<FileHandle, 'write'>, lines: string): Promise<void> {
    const bytes = Buffer.concat([this.#rest, Buffer.from(lines)])
    let length = 0
    try {
      while (length < bytes.length) length += (await file.write(bytes, length)).bytesWritten
    } finally {
      if (length > 0) this.#rest = restOfLine(bytes, length)
    }
  }
}

/** What of the last line of the first so many bytes comes after them. */
function restOfLine(bytes: Buffer, length: number): Buffer {
  if (bytes[length - 1] === LINE_FEED) return NOTHING
  // A copy: it may wait for long, and all the lines with it
  return Buffer.from(bytes.subarray(length, bytes.indexOf(LINE_FEED, length) + 1))
}
