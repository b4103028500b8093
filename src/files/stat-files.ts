import { lstatSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { loadNative } from '../native-addon.js'
import { FINGERPRINT_LENGTH, fingerprintOf, writeFingerprint } from './fingerprint.js'
import { asBtkitError, osCodeOf } from '../errors.js'

/** The encoded fingerprints of many files; `at(i)` is null when file `i` is no regular file. */
export interface FingerprintTable {
  readonly at: (i: number) => Uint8Array | null
}

/**
 * Writes the encoded fingerprint of each name, one after the other, into `fingerprints`, which holds
 * zeros. They stay for what is no regular file.
 */
export type StatFiles = (
  directory: string,
  names: readonly string[],
  fingerprints: Uint8Array,
) => void

/** Where the inode, which is 0 for no file, stands in a fingerprint; it takes 8 bytes. */
const INODE_AT = 24

/**
 * Looks at many files of one directory, links not followed, as fast as can be: by the native
 * addon where it is built. What can't be looked at counts as no regular file.
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

/** What the native addon does; null where it is not built. */
export const nativeStat = loadNative<{ statFiles: StatFiles }>('statFiles')?.statFiles ?? null

const fastestStat = nativeStat ?? statInTurn

/** The same in JavaScript, for every machine. */
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
      // Whoever opens the file will say what is wrong with it
    }
  })
}

/**
 * What lies at a path, links followed, or null when nothing does.
 * @throws BtkitError `not-permitted` or `io`
 */
export function statIfThere(path: string): Stats | null {
  try {
    // Most are missing where new files are made, and an error takes ten times as long as a look
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    const code = osCodeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw asBtkitError(error, path)
  }
}
