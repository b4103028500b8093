import { setImmediate } from 'node:timers/promises'
import { FINGERPRINT_LENGTH, writeFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { KernelName } from '../../hash/kernels/kernel.js'
import { loadNative } from '../../native-addon.js'
import { DIGEST } from './piece-table.js'

/** Largest small file in bytes; native/small_files.c has the same limit. */
export const SMALL_FILE = 64 * 1024

/** The native addon's functions for small files; native/small_files.h has the contract. */
export interface SmallFilesAddon {
  readSmallFiles(
    kernel: string,
    paths: readonly string[],
    fingerprints: Uint8Array,
  ): Promise<Int32Array>
}

/** A small file that was read unchanged since its scan. */
export interface SmallFile {
  /** SHA-1 of the whole file. */
  readonly digest: Uint8Array
  /** Whether it was open for writing before it was read. */
  readonly isOpenForWriting: boolean
}

/** Reads small files. */
export interface SmallFiles {
  /**
   * Reads a file, and checks that it is unchanged since its scan. Null if it has changed or cannot
   * be read: reading it separately reports the error.
   */
  readonly read: (file: ScannedFile) => Promise<SmallFile | null>
}

/** Most files in one call. */
const MOST = 256

const ANSWER_WORDS = 6
const OPEN_FOR_WRITING = 3

/**
 * Reads small files together that are requested in the same turn of the event loop. Null without
 * the native addon, or on node:crypto.
 */
export function openSmallFiles(
  kernel: KernelName,
  addon: SmallFilesAddon | null = smallFilesAddon,
): SmallFiles | null {
  return addon === null || kernel === 'crypto' ? null : new GatheredReads(kernel, addon)
}

interface Waiting {
  readonly file: ScannedFile
  readonly resolve: (read: SmallFile | null) => void
  readonly reject: (error: unknown) => void
}

class GatheredReads implements SmallFiles {
  #waiting: Waiting[] = []
  #working: Promise<void> | null = null

  constructor(
    readonly kernel: KernelName,
    readonly addon: SmallFilesAddon,
  ) {}

  readonly read = (file: ScannedFile): Promise<SmallFile | null> => {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ file, resolve, reject })
      this.#working ??= this.#work().finally(() => {
        this.#working = null
      })
    })
  }

  /** One call at a time, because disks are faster when they read in order. */
  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Other requests of the same turn of the event loop join the call
      await setImmediate()
      const waiting = this.#waiting.splice(0, MOST)
      await this.#readAll(waiting).catch((error: unknown) => {
        for (const { reject } of waiting) reject(error)
      })
    }
  }

  async #readAll(waiting: readonly Waiting[]): Promise<void> {
    const paths = waiting.map(({ file }) => file.absolutePath)
    const fingerprints = new Uint8Array(FINGERPRINT_LENGTH * waiting.length)
    const view = new DataView(fingerprints.buffer)
    waiting.forEach(({ file }, i) => {
      writeFingerprint(file.fingerprint, view, FINGERPRINT_LENGTH * i)
    })
    const answers = await this.addon.readSmallFiles(this.kernel, paths, fingerprints)
    waiting.forEach(({ resolve }, i) => {
      resolve(answerAt(answers, ANSWER_WORDS * i))
    })
  }
}

function answerAt(answers: Int32Array, at: number): SmallFile | null {
  const state = answers[at] ?? 0
  if (state === 0) return null
  const digest = new Uint8Array(answers.buffer, answers.byteOffset + 4 * (at + 1), DIGEST)
  return { digest, isOpenForWriting: state === OPEN_FOR_WRITING }
}

/** The native addon; null if it is missing. */
const smallFilesAddon = loadNative<SmallFilesAddon>('readSmallFiles')
