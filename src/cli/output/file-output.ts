import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import type { Output } from '../io.js'

/**
 * Output that is redirected to a file.
 * On a nearly full disk Node's own stream treats incomplete writes as complete. This class writes
 * everything or reports why not. After a failure it writes nothing more, so that there is no gap.
 */
export class FileOutput implements Output {
  #error: Error | null = null

  /** `onError` is called with the first error, which is a system error. */
  constructor(
    private readonly descriptor: number,
    private readonly onError: (error: Error) => void,
  ) {}

  get errored(): Error | null {
    return this.#error
  }

  write(chunk: string | Uint8Array): void {
    if (this.#error !== null) return
    try {
      writeAll(this.descriptor, typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.#error = error
      this.onError(error)
    }
  }
}

/**
 * Whether a descriptor is a file or a device such as /dev/null, and no pipe, socket or terminal.
 * A closed descriptor counts as a file. Node opens /dev/null in its place, and so do Python and
 * others for their children, so it cannot be distinguished.
 */
export function isFile(descriptor: number): boolean {
  const stats = fstatSync(descriptor)
  return stats.isFile() || (stats.isCharacterDevice() && !isatty(descriptor))
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}
