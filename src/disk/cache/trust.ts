import { DEVICE_OFFSET, differencesOf, type Fingerprint } from '../file-lists/fingerprint.js'
import type { FileColumns } from '../file-lists/columns.js'
import type { FileState } from '../file-lists/scanned-file.js'
import type { PieceCache } from './piece-cache.js'
import { isTraced, trace } from '../../base/text/trace.js'

/**
 * How much of a fingerprint must match for a file to count as unchanged: size, mtime, ctime and
 * inode, or only size and mtime. The latter is for NFS, and for trees that are hard-linked or
 * copied by synchronization.
 */
export type CacheTrust = 'full' | 'mtime'

/**
 * Bytes of an encoded fingerprint that count; size and mtime come first. The device never counts,
 * because its number may change at each mount.
 */
export const TRUSTED_LENGTH: Record<CacheTrust, number> = { full: DEVICE_OFFSET, mtime: 16 }

/** Returns the part of an encoded fingerprint that counts. */
export function trustedPart(fingerprint: Uint8Array, trust: CacheTrust): Uint8Array {
  return fingerprint.subarray(0, TRUSTED_LENGTH[trust])
}

/**
 * Whether an encoded fingerprint, such as one of the cache, matches the current state of a file.
 */
export function isSameFile(kept: Uint8Array, current: Uint8Array, trust: CacheTrust): boolean {
  if (kept.length !== current.length) return false
  return Buffer.compare(trustedPart(kept, trust), trustedPart(current, trust)) === 0
}

/**
 * Traces why the digests of a file with this fingerprint count as unknown; `kept` is that of the
 * record, if any.
 */
export function traceUnknown(current: Uint8Array, path: string, kept?: Uint8Array): void {
  if (!isTraced) return
  const why = kept
    ? `${differencesOf(kept, current)} differ from when it was read`
    : 'the cache lacks its digests, or those at this place in pieces of this length'
  trace(() => `${path}: must be read: ${why}`)
}

/** Time in nanoseconds within which a file's timestamps may not show a second change. */
const RACY_NS = 2_000_000_000n

/** The state of files when reading began. */
export interface ReadingStart {
  /** Milliseconds since 1970. */
  readonly startedMs: number
  readonly trust: CacheTrust
  /** The rows of files in their store that a program had open for writing then. Absent: none. */
  readonly written?: ReadonlySet<number>
}

/** The same with the cache to store the results in. */
export interface RememberingStart extends ReadingStart {
  readonly cache: PieceCache
}

/**
 * Whether the results of reading a file may be cached: an equal fingerprint must mean equal
 * content. False if the file could have changed unnoticed since.
 */
export function isSettled(
  { fingerprint }: FileState,
  { startedMs, trust }: Omit<ReadingStart, 'written'>,
  isWritten: boolean,
): boolean {
  return !isWritten && !isRacy(fingerprint, startedMs, trust)
}

/** The same of a file by its number; makes an object only if the answer is not certain. */
export function isSettledAt(files: FileColumns, number: number, start: ReadingStart): boolean {
  const { startedMs, trust, written } = start
  const isOld = files.latestAt(number, trust) / 1e6 < startedMs - CERTAIN_MS
  if (!isOld && isRacy(files.fingerprintAt(number), startedMs, trust)) return false
  return written?.has(files.rowAt(number)) !== true
}

/** Milliseconds before a reading after which a time that is rounded is certainly no racy one. */
const CERTAIN_MS = 2001

/**
 * Nanoseconds by which the clock of a file server may be ahead. A time further ahead was set, or is
 * of a wrong clock.
 */
const AHEAD_NS = 60_000_000_000n

/**
 * Whether a file changed so shortly before `startedMs` that it could change again unnoticed. A file
 * dated ahead is no younger for that: its next change has the time of now.
 */
export function isRacy(fingerprint: Fingerprint, startedMs: number, trust: CacheTrust): boolean {
  const now = BigInt(Math.floor(startedMs)) * 1_000_000n
  const times = timesOf(fingerprint, trust)
  return times.some((time) => time > now - RACY_NS && time < now + AHEAD_NS)
}

/** Returns the times that show a change of a file, in nanoseconds since 1970. */
export function timesOf({ mtimeNs, ctimeNs }: Fingerprint, trust: CacheTrust): readonly bigint[] {
  return trust === 'full' ? [mtimeNs, ctimeNs] : [mtimeNs]
}
