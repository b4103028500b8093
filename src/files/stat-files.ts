import { lstatSync, statSync, type Stats, constants } from 'node:fs'
import { join } from 'node:path'
import { loadNative } from '../native-addon.js'
import {
  FINGERPRINT_LENGTH,
  fingerprintOf,
  writeFingerprint,
  readEncodedFingerprint,
  type Fingerprint,
} from './fingerprint.js'
import { asBtkitError, osCodeOf, systemError } from '../errors.js'
import { lstat } from 'node:fs/promises'

/** The encoded fingerprints of many files, null for one that is not a regular file. */
export interface FingerprintTable {
  readonly at: (i: number) => Uint8Array | null
  /** The first bytes of it in hexadecimal; faster than `at` for many files. */
  readonly hexAt: (i: number, bytes: number) => string | null
  /** The size of file `i` in bytes; 0 for one that is not a regular file. */
  readonly sizeAt: (i: number) => number
}

/**
 * Writes the encoded fingerprint of each name, one after another, into `fingerprints`, which must
 * hold zeros. The zeros stay for names that are not regular files.
 */
export type StatFiles = (
  directory: string,
  names: readonly string[],
  fingerprints: Uint8Array,
) => void

/** Offset of the inode in a fingerprint, which has 8 bytes and is 0 for no file. */
const INODE_AT = 24

/**
 * Examines many files of one directory without following links. Uses the native addon if possible.
 * Files that cannot be examined count as not regular.
 */
export function statFiles(
  directory: string,
  names: readonly string[],
  stat: StatFiles = fastestStat,
): FingerprintTable {
  const bytes = new Uint8Array(FINGERPRINT_LENGTH * names.length)
  stat(directory, names, bytes)
  return tableOf(bytes, names.length)
}

/** Does the same while other work runs, if the native addon is there. */
export async function statFilesLater(
  directory: string,
  names: readonly string[],
): Promise<FingerprintTable> {
  const words = await nativeStatLater?.(directory, names)
  if (!words) return statFiles(directory, names)
  return tableOf(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), names.length)
}

function tableOf(bytes: Uint8Array, count: number): FingerprintTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (i: number, at: number) => {
    const start = FINGERPRINT_LENGTH * i + at
    return view.getUint32(start, true) + 2 ** 32 * view.getUint32(start + 4, true)
  }
  const isThere = (i: number) => i < count && word(i, INODE_AT) !== 0
  let hex: string | undefined
  return {
    at: (i) => {
      const start = FINGERPRINT_LENGTH * i
      return isThere(i) ? bytes.subarray(start, start + FINGERPRINT_LENGTH) : null
    },
    hexAt: (i, length) => {
      hex ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
      const start = 2 * FINGERPRINT_LENGTH * i
      return isThere(i) ? hex.slice(start, start + 2 * length) : null
    },
    sizeAt: (i) => word(i, 0),
  }
}

/** The native addon's function; null if the addon is missing. */
export const nativeStat = loadNative<{ statFiles: StatFiles }>('statFiles')?.statFiles ?? null

const nativeStatLater =
  loadNative<{
    statFilesAsync: (directory: string, names: readonly string[]) => Promise<Int32Array>
  }>('statFilesAsync')?.statFilesAsync ?? null

const fastestStat = nativeStat ?? statInTurn

/** Does the same in JavaScript on every system. */
export function statInTurn(
  directory: string,
  names: readonly string[],
  fingerprints: Uint8Array,
): void {
  const view = new DataView(fingerprints.buffer, fingerprints.byteOffset, fingerprints.byteLength)
  names.forEach((name, i) => {
    try {
      const stats = lstatSync(join(directory, name), { bigint: true, throwIfNoEntry: false })
      if (stats?.isFile()) writeFingerprint(fingerprintOf(stats), view, FINGERPRINT_LENGTH * i)
    } catch {
      // The later attempt to open the file reports the error
    }
  })
}

/**
 * Examines the entry at a path; follows links. Returns null if it does not exist.
 * @throws BtkitError `not-permitted` or `io`
 */
export function statIfThere(path: string): Stats | null {
  try {
    // An exception takes ten times as long, and for new files most paths do not exist
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    const code = osCodeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw asBtkitError(error, path)
  }
}

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
