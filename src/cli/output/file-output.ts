import { fstatSync, writeSync, type Stats } from 'node:fs'
import { platform } from 'node:process'
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

/** The kind of a standard stream. */
export type OutputKind = 'file' | 'pipe' | 'terminal'

/**
 * The kind of a descriptor: a file or device such as /dev/null, a pipe or socket, or a terminal.
 * A closed descriptor counts as a file. Node opens /dev/null in its place, and so do Python and
 * others for their children, so it cannot be distinguished.
 */
export function kindOfOutput(descriptor: number): OutputKind {
  const stats = fstatSync(descriptor)
  if (stats.isFile() || isMemoryDevice(stats)) return 'file'
  if (!stats.isCharacterDevice()) return 'pipe'
  return isatty(descriptor) ? 'terminal' : 'file'
}

/** Linux's device number of /dev/null and similar devices. */
const MEMORY_DEVICES = 1

/** Whether a device is like /dev/null. Checked by number, because node:tty takes long to load. */
function isMemoryDevice(stats: Stats): boolean {
  return platform === 'linux' && stats.isCharacterDevice() && stats.rdev >> 8 === MEMORY_DEVICES
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}
