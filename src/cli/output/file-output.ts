import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Output } from '../io.js'

/**
 * A file that output is redirected to. Node's own stream takes for written what a nearly full disk
 * had no room for; this one writes until all is there or the system says why not. After a failure
 * nothing more is written, so that nothing is missing in the middle.
 */
export class FileOutput implements Output {
  readonly #descriptor: number
  readonly #onError: (error: Error) => void
  #error: Error | null = null

  /** `onError` is called at the first failure, which is one of the system. */
  constructor(descriptor: number, onError: (error: Error) => void) {
    this.#descriptor = descriptor
    this.#onError = onError
  }

  get errored(): Error | null {
    return this.#error
  }

  write(chunk: string | Uint8Array): void {
    if (this.#error !== null) return
    try {
      writeAll(this.#descriptor, typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.#error = error
      this.#onError(error)
    }
  }
}

/** Whether a descriptor is a file or a device such as /dev/null: no pipe, socket or terminal. */
export function isFileOutput(descriptor: number): boolean {
  const stats = fstatSync(descriptor)
  return stats.isFile() || (stats.isCharacterDevice() && !isatty(descriptor))
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}
