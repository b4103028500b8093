import { sizeInFingerprint } from '../../files/fingerprint.js'
import { statFiles } from '../../files/stat-files.js'
import { SMALL_FILE } from '../digests/small-files.js'
import type { DirectoryEntry } from './entry-change.js'

/** An entry, and whether it is a small file by a glance at it. */
export interface SizedEntry {
  readonly entry: DirectoryEntry
  readonly isSmall: boolean
}

/** Entries that are looked at in one go. They may be long in coming to their turn. */
const WINDOW = 256

/** Tells of entries, in their order, which are small files. */
export function* sizedEntries(entries: readonly DirectoryEntry[]): Generator<SizedEntry> {
  for (let first = 0; first < entries.length;) {
    const window = windowFrom(entries, first)
    const directory = window[0]?.directory.realDirectory ?? ''
    const table = statFiles(
      directory,
      window.map(({ name }) => name),
    )
    for (const [i, entry] of window.entries()) {
      const fingerprint = table.at(i)
      const isSmall = fingerprint !== null && sizeInFingerprint(fingerprint) <= SMALL_FILE
      yield { entry, isSmall }
    }
    first += window.length
  }
}

/** The next entries of one directory. */
function windowFrom(entries: readonly DirectoryEntry[], first: number): DirectoryEntry[] {
  const window = entries.slice(first, first + WINDOW)
  const end = window.findIndex(({ directory }) => directory !== window[0]?.directory)
  return end < 0 ? window : window.slice(0, end)
}
