import type { Content } from '../../core/digests/content.js'
import { isPad } from '../../core/digests/pad-files.js'
import { sameFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/**
 * How long files must have been left alone before they are read, in milliseconds. A file's time is
 * that of the beginning of a write: while that is under way, nothing shows it.
 */
export const QUIET_PERIOD = 100

/** How often files are looked at, that long apart, until they are quiet. */
export const LOOKS = 10

/**
 * Whether all files were left alone for that long before `now`, in milliseconds since 1970. `before`
 * is the same content as it was that long ago, or null: by it, a file can be known to be quiet
 * whose time is of the future, because a clock was set back, or is ahead elsewhere.
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
