import { constants, openSync, writeSync } from 'node:fs'
import type { Output } from '../io.js'

/**
 * A pipe or socket that is opened as a stream only when its reader is too slow. Loading Node's
 * stream takes longer than the rest of many commands. Until then, pipes are written directly,
 * without blocking.
 */
export class LateOutput implements Output {
  #stream: Output | null = null

  /** `tryWrite` returns the number of bytes written. It must never block or throw. */
  constructor(
    private readonly open: () => Output,
    private readonly tryWrite: (bytes: Uint8Array) => number,
  ) {}

  get writableLength(): number {
    return this.#stream?.writableLength ?? 0
  }

  get errored(): Error | null {
    return this.#stream?.errored ?? null
  }

  write(chunk: string | Uint8Array): unknown {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const rest = this.#stream === null ? bytes.subarray(this.tryWrite(bytes)) : bytes
    if (rest.length === 0) return true
    this.#stream ??= this.open()
    return this.#stream.write(rest)
  }
}

/**
 * Creates a function that writes to a pipe without blocking. On Linux it opens the pipe a second
 * time, because the non-blocking mode would affect other processes that share the descriptor.
 */
export function pipeWriter(descriptor: number): (bytes: Uint8Array) => number {
  let own: number | undefined
  return (bytes) => {
    try {
      own ??= openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK)
      return writeSync(own, bytes)
    } catch {
      // A socket, a full pipe, or one without a reader: the stream handles it
      return 0
    }
  }
}
