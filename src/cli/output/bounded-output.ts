import type { Output } from '../io.js'
import { count } from '../../base/text/quantity.js'

/** The most bytes that wait for the reader of a stream. */
const MAX_WAITING = 2 ** 20

/**
 * A stream of lines whose reader may be slow or missing. If too much is waiting, further lines are
 * dropped and counted. Later a line reports the gap.
 */
export class BoundedOutput implements Output {
  #dropped = 0
  /** Number of dropped lines not yet reported. */
  #untold = 0

  constructor(private readonly output: Output) {}

  get isTTY(): boolean {
    return this.output.isTTY === true
  }

  /** Number of lines dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** Writes whole lines. */
  write(lines: string | Uint8Array): void {
    if ((this.output.writableLength ?? 0) > MAX_WAITING) {
      const dropped = Buffer.from(lines).filter((character) => character === NEWLINE).length
      this.#dropped += dropped
      this.#untold += dropped
      return
    }
    if (this.#untold > 0) {
      this.output.write(
        `btkit: warning: ${count(this.#untold, 'line')} dropped here, because the reader was too slow\n`,
      )
      this.#untold = 0
    }
    this.output.write(lines)
  }
}

const NEWLINE = 10
