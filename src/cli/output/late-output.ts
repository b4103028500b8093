import { constants, openSync, writeSync } from 'node:fs'
import type { Output } from '../io.js'

/**
 * A pipe or socket that is opened as a stream when its reader does not keep up: what Node opens one
 * with takes longer to load than many a command does all else. Until then a pipe is written to as
 * long as that does not make us wait.
 */
export class LateOutput implements Output {
  readonly #open: () => Output
  #stream: Output | null = null
  readonly #tryWrite: (bytes: Uint8Array) => number

  /** `tryWrite` returns how many bytes it could write at once, and never waits or fails. */
  constructor(open: () => Output, tryWrite: (bytes: Uint8Array) => number) {
    this.#open = open
    this.#tryWrite = tryWrite
  }

  get writableLength(): number {
    return this.#stream?.writableLength ?? 0
  }

  get errored(): Error | null {
    return this.#stream?.errored ?? null
  }

  write(chunk: string | Uint8Array): unknown {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const rest = this.#stream === null ? bytes.subarray(this.#tryWrite(bytes)) : bytes
    if (rest.length === 0) return true
    this.#stream ??= this.#open()
    return this.#stream.write(rest)
  }
}

/**
 * Writes to the pipe of a descriptor what it takes at once. Linux opens it anew for that, as whoever
 * else has it is not to find that writing no longer waits.
 */
export function pipeWriter(descriptor: number): (bytes: Uint8Array) => number {
  let own: number | undefined
  return (bytes) => {
    try {
      own ??= openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK)
      return writeSync(own, bytes)
    } catch {
      // A socket, a full pipe, one that nobody reads: the stream will tell
      return 0
    }
  }
}
