import { constants } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { getSystemErrorName } from 'node:util'
import { loadNative } from '../native-addon.js'
import {
  FINGERPRINT_LENGTH,
  fingerprintOf,
  readEncodedFingerprint,
  type Fingerprint,
} from './fingerprint.js'

/** What a path leads to. */
export interface PathState {
  readonly fingerprint: Fingerprint
  /** The kind of file and its permissions, as in `st_mode`. */
  readonly mode: number
}

/** What the native addon answers: so many words a path, as native/stat_files.h says. */
export type LstatPaths = (paths: readonly string[]) => Promise<Int32Array>

/**
 * Looks at many paths at once, links not followed, and never on the event loop. An error, with the
 * system's code, stands for what can't be looked at.
 */
export function lstatMany(
  paths: readonly string[],
  native: LstatPaths | null = nativeLstat,
): Promise<(PathState | Error)[]> {
  return native ? lstatTogether(paths, native) : Promise.all(paths.map(lstatAlone))
}

/** Whether that is the mode of a file of this kind, such as `constants.S_IFREG`. */
export function isOfKind({ mode }: Pick<PathState, 'mode'>, kind: number): boolean {
  return (mode & constants.S_IFMT) === kind
}

/** What the native addon does; null where it is not built. */
export const nativeLstat =
  loadNative<{ lstatPathsAsync: LstatPaths }>('lstatPathsAsync')?.lstatPathsAsync ?? null

const MODE_WORD = FINGERPRINT_LENGTH / Int32Array.BYTES_PER_ELEMENT
const ERROR_WORD = MODE_WORD + 1
const WORDS = ERROR_WORD + 1

async function lstatTogether(paths: readonly string[], native: LstatPaths) {
  const words = await native(paths)
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength)
  return paths.map((path, i) => {
    const errno = words[i * WORDS + ERROR_WORD] ?? 0
    if (errno !== 0) return systemError(errno, path)
    const fingerprint = readEncodedFingerprint(view, i * WORDS * Int32Array.BYTES_PER_ELEMENT)
    return { fingerprint, mode: words[i * WORDS + MODE_WORD] ?? 0 }
  })
}

function systemError(errno: number, path: string): Error {
  const code = getSystemErrorName(-errno)
  const details = { code, errno: -errno, syscall: 'lstat', path }
  return Object.assign(new Error(`${code}: lstat '${path}'`), details)
}

async function lstatAlone(path: string): Promise<PathState | Error> {
  try {
    const stats = await lstat(path, { bigint: true })
    return { fingerprint: fingerprintOf(stats), mode: Number(stats.mode) }
  } catch (error) {
    return error as Error
  }
}
