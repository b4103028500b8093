import { isPad, type Content } from '../../core/digests/content.js'

/**
 * How long files must have been left alone before they are read, in milliseconds. A file's time is
 * that of the beginning of a write: while that is under way, nothing shows it.
 */
export const QUIET_PERIOD = 100

/** Whether no file was changed a moment before `now`, in milliseconds since 1970. */
export function isQuiet({ files }: Content, now: number): boolean {
  return files.every((file) => {
    const age = now - Number(file.fingerprint.ctimeNs / 1_000_000n)
    // A clock elsewhere may be ahead of this one
    return isPad(file) || age >= QUIET_PERIOD || age < -QUIET_PERIOD
  })
}
