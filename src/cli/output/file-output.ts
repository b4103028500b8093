import { fstatSync, writeSync, type Stats } from 'node:fs'
import { platform } from 'node:process'
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

/** What a descriptor of the process is. */
export type OutputKind = 'file' | 'pipe' | 'terminal'

/**
 * A file or a device such as /dev/null, a pipe or socket, or a terminal. A descriptor that was closed
 * is /dev/null, which Node opens in its place just as Python and others do for their children: it
 * can't be told from one that is meant so.
 */
export function kindOfOutput(descriptor: number): OutputKind {
  const stats = fstatSync(descriptor)
  if (stats.isFile() || isMemoryDevice(stats)) return 'file'
  if (!stats.isCharacterDevice()) return 'pipe'
  return isatty(descriptor) ? 'terminal' : 'file'
}

/** Linux has /dev/null and its like under this number. */
const MEMORY_DEVICES = 1

/** Told apart from terminals without what asks for those, which takes long to load. */
function isMemoryDevice(stats: Stats): boolean {
  return platform === 'linux' && stats.isCharacterDevice() && stats.rdev >> 8 === MEMORY_DEVICES
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}
