import type { Content } from '../../core/digests/content.js'
import { isPad, isRead } from '../../core/digests/pad-files.js'
import { sameFingerprint } from '../../files/fingerprint.js'
import type { CacheTrust } from '../../core/digests/cache-trust.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { NotReady } from '../../server/answers/refusal.js'
import { formatMirrorPath } from '../tree/mirror-path.js'

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

/** The time that must have passed since the last change of a file, and the clock. */
export interface AgeRule {
  /** Seconds; 0 for any age. */
  readonly minAge: number
  readonly trust: CacheTrust
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Returns after how many seconds all files are old enough; 0 if they are. A time in the near future
 * counts as recent, too.
 */
export function secondsUntilOld(
  files: readonly ScannedFile[],
  { minAge, trust, now }: AgeRule,
): number {
  if (minAge === 0) return 0
  const at = now()
  const ages = files.filter(isRead).flatMap(({ fingerprint: { mtimeNs, ctimeNs } }) => {
    const times = trust === 'full' ? [mtimeNs, ctimeNs] : [mtimeNs]
    return times.map((timeNs) => Math.abs(at - Number(timeNs / 1_000_000n)) / 1000)
  })
  return Math.max(0, ...ages.map((age) => Math.ceil(minAge - age)))
}

/**
 * Refuses files that changed too recently, because their writer may not have finished.
 * @throws NotReady
 */
export function refuseYoung(files: readonly ScannedFile[], rule: AgeRule): void {
  const seconds = secondsUntilOld(files, rule)
  if (seconds === 0) return
  const young = files.find((file) => secondsUntilOld([file], rule) > 0)
  const path = formatMirrorPath(young?.path ?? [])
  const why = `changed less than ${rule.minAge} s ago; try again in ${seconds} s`
  throw new NotReady(`${path}: ${why}`, seconds)
}

function isSame(file: ScannedFile, before: ScannedFile | undefined): boolean {
  const isThat = before?.absolutePath === file.absolutePath
  return isThat && sameFingerprint(before.fingerprint, file.fingerprint)
}
