import { lstatSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { loadNative } from '../native-addon.js'
import { FINGERPRINT_LENGTH, fingerprintOf, writeFingerprint } from './fingerprint.js'
import { asBtkitError, osCodeOf } from '../errors.js'

/** The encoded fingerprints of many files. `at(i)` is null if file `i` is not a regular file. */
export interface FingerprintTable {
  readonly at: (i: number) => Uint8Array | null
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
  const view = new DataView(bytes.buffer)
  return {
    at: (i) => {
      const start = FINGERPRINT_LENGTH * i
      if (i >= names.length || view.getBigUint64(start + INODE_AT, true) === 0n) return null
      return bytes.subarray(start, start + FINGERPRINT_LENGTH)
    },
  }
}

/** The native addon's function; null if the addon is missing. */
export const nativeStat = loadNative<{ statFiles: StatFiles }>('statFiles')?.statFiles ?? null

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
