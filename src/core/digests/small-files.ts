import { setImmediate } from 'node:timers/promises'
import {
  FINGERPRINT_LENGTH,
  readEncodedFingerprint,
  sameFingerprint,
} from '../../disk/file-lists/fingerprint.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { hashKernel, type KernelName } from '../../disk/hash/kernels.js'
import { loadNative } from '../../base/native-addon.js'
import { SHA1 } from '../../metainfo/sizes.js'

// Without this file each of many small files would cost several calls of the native addon, which
// take longer than to read and hash it.

/** Largest small file in bytes; native/small_files.c has the same limit. */
export const SMALL_FILE = 256 * 1024

/** The native addon's function: several words for each path; see native/stat_files.h. */
type ReadSmallFiles = (paths: readonly string[], kernel: KernelName) => Promise<Int32Array>

const native =
  loadNative<{ readSmallFilesAsync: ReadSmallFiles }>('readSmallFilesAsync')?.readSmallFilesAsync ??
  null

/** A small file that was read, unchanged since its scan. */
export interface SmallFile {
  /** SHA-1 of the whole file. */
  readonly digest: Uint8Array
  /** Whether a program had it open for writing before it was read. */
  readonly isWritten: boolean
}

/** Most files of one call. */
const MOST = 256

const STATE = { isRead: 1, isReadWhileWritten: 2 }
const FINGERPRINT_AT = Int32Array.BYTES_PER_ELEMENT
const DIGEST_AT = FINGERPRINT_AT + FINGERPRINT_LENGTH
const ANSWER_LENGTH = DIGEST_AT + SHA1

interface Waiting {
  readonly file: ScannedFile
  readonly resolve: (read: SmallFile | null) => void
  readonly reject: (error: unknown) => void
}

/**
 * Returns a reader of small files; null without the native addon, or on node:crypto.
 */
export function openSmallFiles(): SmallFiles | null {
  const { name } = hashKernel()
  return native === null || name === 'crypto' ? null : new SmallFiles(name, native)
}

/** Reads small files, all that are asked for in one turn of the event loop together. */
export class SmallFiles {
  /** Files that wait, by their device: a file system that hangs holds up only its own files. */
  readonly #waiting = new Map<bigint, Waiting[]>()

  constructor(
    private readonly kernel: KernelName,
    private readonly readTogether: ReadSmallFiles,
  ) {}

  /**
   * Reads a file. Null if it has changed or cannot be read: to read it alone reports the reason.
   */
  read(file: ScannedFile): Promise<SmallFile | null> {
    const { device } = file.fingerprint
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(device)
      if (others) others.push({ file, resolve, reject })
      else void this.#work(device, [{ file, resolve, reject }])
    })
  }

  /** One call at a time, because disks are faster when they read in order. Never rejects. */
  async #work(device: bigint, waiting: Waiting[]): Promise<void> {
    this.#waiting.set(device, waiting)
    while (waiting.length > 0) {
      await setImmediate()
      const files = waiting.splice(0, MOST)
      try {
        await this.#readAll(files)
      } catch (error) {
        for (const { reject } of files) reject(error)
      }
    }
    this.#waiting.delete(device)
  }

  async #readAll(files: readonly Waiting[]): Promise<void> {
    const paths = files.map(({ file }) => file.absolutePath)
    const { buffer, byteOffset, byteLength } = await this.readTogether(paths, this.kernel)
    const answers = new DataView(buffer, byteOffset, byteLength)
    for (const [i, { file, resolve }] of files.entries())
      resolve(answerAt(answers, ANSWER_LENGTH * i, file))
  }
}

function answerAt(answers: DataView, at: number, { fingerprint }: ScannedFile): SmallFile | null {
  const state = answers.getInt32(at, true)
  if (state !== STATE.isRead && state !== STATE.isReadWhileWritten) return null
  const found = readEncodedFingerprint(answers, at + FINGERPRINT_AT)
  if (!sameFingerprint(found, fingerprint)) return null
  const digest = new Uint8Array(answers.buffer, answers.byteOffset + at + DIGEST_AT, SHA1)
  return { digest, isWritten: state === STATE.isReadWhileWritten }
}
