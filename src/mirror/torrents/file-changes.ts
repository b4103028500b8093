import { timesOf, type CacheTrust } from '../../disk/cache/trust.js'
import type { Content } from '../../core/digests/content.js'
import {
  encodeFingerprint,
  FINGERPRINT_LENGTH,
  readEncodedFingerprint,
  sameFingerprint,
} from '../../disk/file-lists/fingerprint.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import type { FileState, ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { formatMirrorPath } from '../tree/mirror.js'
import { NotReady } from '../../server/headers/refusal.js'

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
  const changed = files.findIndex((i) => {
    // Makes an object only of a file that changed lately
    if (files.isPad(i) || now - files.latestAt(i, 'full') / 1e6 > QUIET_PERIOD + 1) return false
    const age = now - Number(files.fingerprintAt(i).ctimeNs / 1_000_000n)
    return age < QUIET_PERIOD && !isSame(files.at(i), before?.files.at(i))
  })
  return changed < 0
}

/**
 * Refuses files that changed too recently, because their writer may not have finished. A time in
 * the near future counts as recent, too.
 * @throws NotReady
 */
export function refuseYoung(
  files: FileColumns,
  minAge: number,
  trust: CacheTrust,
  now: () => number,
): void {
  if (minAge === 0) return
  const at = now()
  let youngest = { path: [] as readonly string[], seconds: 0 }
  for (const { path, fingerprint } of files.filter((i) => files.isRead(i))) {
    for (const timeNs of timesOf(fingerprint, trust)) {
      const age = Math.abs(at - Number(timeNs / 1_000_000n)) / 1000
      const seconds = Math.ceil(minAge - age)
      if (seconds > youngest.seconds) youngest = { path, seconds }
    }
  }
  const { path, seconds } = youngest
  if (seconds === 0) return
  const why = `changed less than ${minAge} s ago; try again in ${seconds} s`
  throw new NotReady(`${formatMirrorPath(path)}: ${why}`, seconds)
}

function isSame(file: ScannedFile | undefined, before: ScannedFile | undefined): boolean {
  if (!file || file.absolutePath !== before?.absolutePath) return false
  return sameFingerprint(before.fingerprint, file.fingerprint)
}

/** Distinguishes a state of a file from all others. */
export function stateOf({ absolutePath, fingerprint }: FileState): string {
  return `${Buffer.from(encodeFingerprint(fingerprint)).toString('base64')} ${absolutePath}`
}

/** Reads a state of a file; null if the text is none. */
export function readState(text: string): FileState | null {
  const [encoded = '', ...rest] = text.split(' ')
  const bytes = new Uint8Array(Buffer.from(encoded, 'base64'))
  if (bytes.length !== FINGERPRINT_LENGTH) return null
  const fingerprint = readEncodedFingerprint(new DataView(bytes.buffer), 0)
  return { absolutePath: rest.join(' '), fingerprint }
}
