import { closeSync, openSync, readSync } from 'node:fs'
import { asBtkitError, BtkitError } from '../../errors.js'
import { fileAt, ZEROS, type ContentStream } from './content-stream.js'
import { openSameFile } from './open-same-file.js'

/** Reads stretches of a content stream, keeping the last file open for the next stretch. */
export class StreamReader {
  #file = -1
  #descriptor = -1

  constructor(readonly stream: ContentStream) {}

  /**
   * Fills `target` with the stream's bytes from `position` on, by the largest reads possible.
   * A file that ends early raises BtkitError `changed`.
   */
  read(position: number, target: Uint8Array): void {
    let filled = 0
    for (let file = fileAt(this.stream, position); filled < target.length; file++) {
      const start = position + filled - (this.stream.offsets[file] ?? 0)
      const end = (this.stream.offsets[file + 1] ?? 0) - (this.stream.offsets[file] ?? 0)
      const length = Math.min(end - start, target.length - filled)
      this.#readFile(file, start, target.subarray(filled, filled + length))
      filled += length
    }
  }

  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor)
    this.#file = this.#descriptor = -1
  }

  #readFile(file: number, start: number, target: Uint8Array): void {
    const path = this.stream.paths[file] ?? ZEROS
    if (path === ZEROS) {
      target.fill(0)
      return
    }
    try {
      this.#open(file, path)
      for (let filled = 0; filled < target.length;) {
        const rest = target.length - filled
        const count = readSync(this.#descriptor, target, filled, rest, start + filled)
        if (count === 0)
          throw new BtkitError('changed', `${path}: became shorter while it was read`)
        filled += count
      }
    } catch (error) {
      throw asBtkitError(error, path)
    }
  }

  #open(file: number, path: string): void {
    if (this.#file === file) return
    this.close()
    const identity = this.stream.identities?.subarray(2 * file, 2 * file + 2)
    this.#descriptor = identity ? openSameFile(path, identity) : openSync(path, 'r')
    this.#file = file
  }
}
