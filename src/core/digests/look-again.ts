import { basename, dirname } from 'node:path'
import {
  readEncodedFingerprint,
  readFingerprintIfThere,
  type Fingerprint,
} from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { statFiles } from '../../files/stat-files.js'

/**
 * Returns the current fingerprints of files, in order; null for each that is gone. Looks at the
 * files of a directory together: one by one takes as long as reading small ones.
 */
export function lookAgain(files: readonly ScannedFile[]): (Fingerprint | null)[] {
  const found = new Array<Fingerprint | null>(files.length).fill(null)
  for (const [directory, placed] of byDirectory(files)) {
    const looks = statFiles(
      directory,
      placed.map(({ path }) => basename(path)),
    )
    for (const [i, { path, place }] of placed.entries()) {
      const look = looks.at(i)
      found[place] = look
        ? readEncodedFingerprint(new DataView(look.buffer), look.byteOffset)
        : readFingerprintIfThere(path)
    }
  }
  return found
}

/** The path of a file, and its place among all. */
interface PlacedFile {
  readonly path: string
  readonly place: number
}

function byDirectory(files: readonly ScannedFile[]): Map<string, PlacedFile[]> {
  const found = new Map<string, PlacedFile[]>()
  for (const [place, { absolutePath: path }] of files.entries()) {
    const directory = dirname(path)
    const known = found.get(directory)
    if (known) known.push({ path, place })
    else found.set(directory, [{ path, place }])
  }
  return found
}
