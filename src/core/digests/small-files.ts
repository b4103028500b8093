import { setImmediate } from 'node:timers/promises'
import { FINGERPRINT_LENGTH, writeFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { KernelName } from '../../hash/kernels/kernel.js'
import { loadNative } from '../../native-addon.js'
import { DIGEST } from './piece-table.js'

/** Larger files are no small ones. In bytes, as native/small_files.c has it. */
export const SMALL_FILE = 64 * 1024

/** What the native addon does for small files; native/small_files.h has the contract. */
export interface SmallFilesAddon {
  readSmallFiles(
    kernel: string,
    paths: readonly string[],
    fingerprints: Uint8Array,
  ): Promise<Int32Array>
}

/** A small file that was read as it was scanned. */
export interface SmallFile {
  /** SHA-1 of the whole. */
  readonly digest: Uint8Array
  /** Whether somebody had it open for writing before it was read. */
  readonly isOpenForWriting: boolean
}

/** Reads small files. */
export interface SmallFiles {
  /**
   * Reads one, and makes sure that it is what it was when it was scanned. Null when it is not, or
   * can't be read: whoever reads it by itself says what is wrong.
   */
  readonly read: (file: ScannedFile) => Promise<SmallFile | null>
}

/** Files that are read in one go at most. */
const MOST = 256

const ANSWER_WORDS = 6
const OPEN_FOR_WRITING = 3

/**
 * Reads small files together that are asked for within one turn of the event loop. Null where that is
 * not to be had: without the addon, or on node:crypto.
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

  /** One call at a time, as disks like to be read in order. */
  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whatever else is asked for within this turn of the event loop goes along
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

/** The addon; null where it is not built. */
const smallFilesAddon = loadNative<SmallFilesAddon>('readSmallFiles')
