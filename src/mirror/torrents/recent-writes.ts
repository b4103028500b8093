import type { Content } from '../../core/digests/content.js'
import { isPad } from '../../core/digests/pad-files.js'
import { sameFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/**
 * Milliseconds since the last write before files are read. The time of a file is that of the
 * beginning of a write; nothing shows how long the write lasts.
 */
export const QUIET_PERIOD = 100

/** Most lookups of files, `QUIET_PERIOD` apart, until nobody writes to them. */
export const LOOKS = 10

/**
 * Whether all files were left alone for `QUIET_PERIOD` before `now`, in milliseconds since 1970.
 * `before` is the same content that much earlier, or null. With it, even a file with a future time
 * is known to be quiet; clocks may be set back, or differ between machines.
 */
export function isQuiet({ files }: Content, now: number, before: Content | null): boolean {
  return files.every((file, i) => {
    const age = now - Number(file.fingerprint.ctimeNs / 1_000_000n)
    return isPad(file) || age >= QUIET_PERIOD || isSame(file, before?.files[i])
  })
}

function isSame(file: ScannedFile, before: ScannedFile | undefined): boolean {
  const isThat = before?.absolutePath === file.absolutePath
  return isThat && sameFingerprint(before.fingerprint, file.fingerprint)
}
