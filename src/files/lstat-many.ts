import { constants } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { systemError } from '../errors.js'
import { loadNative } from '../native-addon.js'
import {
  FINGERPRINT_LENGTH,
  fingerprintOf,
  readEncodedFingerprint,
  type Fingerprint,
} from './fingerprint.js'

/** The state of a path. */
export interface PathState {
  readonly fingerprint: Fingerprint
  /** File type and permissions, as `st_mode`. */
  readonly mode: number
}

/**
 * The native addon's function. Its result has several words for each path; see native/stat_files.h.
 */
export type LstatPaths = (paths: readonly string[]) => Promise<Int32Array>

/**
 * Examines many paths without following links, and never on the event loop. If a path cannot be
 * examined, its result is an error with the system's code.
 */
export function lstatMany(
  paths: readonly string[],
  native: LstatPaths | null = nativeLstat,
): Promise<(PathState | Error)[]> {
  return native ? lstatTogether(paths, native) : Promise.all(paths.map(lstatAlone))
}

/** Whether a mode has this file type, such as `constants.S_IFREG`. */
export function isOfKind({ mode }: Pick<PathState, 'mode'>, kind: number): boolean {
  return (mode & constants.S_IFMT) === kind
}

/** The native addon's function; null if the addon is missing. */
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
    if (errno !== 0) return systemError(-errno, 'lstat', path)
    const fingerprint = readEncodedFingerprint(view, i * WORDS * Int32Array.BYTES_PER_ELEMENT)
    return { fingerprint, mode: words[i * WORDS + MODE_WORD] ?? 0 }
  })
}

async function lstatAlone(path: string): Promise<PathState | Error> {
  try {
    const stats = await lstat(path, { bigint: true })
    return { fingerprint: fingerprintOf(stats), mode: Number(stats.mode) }
  } catch (error) {
    return error as Error
  }
}
