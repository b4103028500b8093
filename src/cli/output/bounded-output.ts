import type { Output } from '../io.js'

/** Bytes that may wait for the reader of a stream. */
const MAX_WAITING = 2 ** 20

/**
 * A stream of lines that may have no reader: no more than so much waits for one. Lines beyond that
 * are dropped and counted, and where they are missing a line says so.
 */
export class BoundedOutput implements Output {
  readonly #output: Output
  #dropped = 0
  /** Of those, how many no line has told of. */
  #untold = 0

  constructor(output: Output) {
    this.#output = output
  }

  /** Lines dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes whole lines. */
  write(lines: string | Uint8Array): void {
    if ((this.#output.writableLength ?? 0) > MAX_WAITING) {
      const count = countLines(lines)
      this.#dropped += count
      this.#untold += count
      return
    }
    if (this.#untold > 0) {
      this.#output.write(`btkit: warning: ${this.#untold} lines dropped here: nobody read them\n`)
      this.#untold = 0
    }
    this.#output.write(lines)
  }
}

function countLines(lines: string | Uint8Array): number {
  let count = 0
  for (const character of Buffer.from(lines)) if (character === NEWLINE) count++
  return count
}

const NEWLINE = 10
