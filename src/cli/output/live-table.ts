import type { Output } from '../io.js'

/** Lines of a terminal where there is no telling how many it has. */
const ROWS = 24

/** Lines on a terminal that are replaced again and again where they stand. */
export class LiveTable {
  readonly #output: Output
  #height = 0

  constructor(output: Output) {
    this.#output = output
  }

  /** Shows lines in place of those before. Those that the terminal has no room for are counted. */
  show(lines: readonly string[]): void {
    const room = Math.max(2, (this.#output.rows ?? ROWS) - 1)
    const left = lines.length - room + 1
    const shown = left <= 1 ? lines : [...lines.slice(0, room - 1), `and ${left} more`]
    this.clear()
    this.#output.write(shown.map((line) => `${line}\n`).join(''))
    this.#height = shown.length
  }

  /** Takes the lines away, so that others can be printed. */
  clear(): void {
    // Up to the first line, and all from there is erased
    if (this.#height > 0) this.#output.write(`\u001b[${this.#height}A\r\u001b[J`)
    this.#height = 0
  }
}
