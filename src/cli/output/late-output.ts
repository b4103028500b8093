import type { Output } from '../io.js'

/**
 * A pipe or socket that is opened when something is written to it: what Node opens one with takes
 * longer to load than many a command that writes nothing.
 */
export class LateOutput implements Output {
  readonly #open: () => Output
  #stream: Output | null = null

  constructor(open: () => Output) {
    this.#open = open
  }

  get writableLength(): number {
    return this.#stream?.writableLength ?? 0
  }

  get errored(): Error | null {
    return this.#stream?.errored ?? null
  }

  write(chunk: string | Uint8Array): unknown {
    this.#stream ??= this.#open()
    return this.#stream.write(chunk)
  }
}
