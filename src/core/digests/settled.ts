import type { PieceCache } from '../../cache/piece-cache.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { CacheTrust } from './cache-trust.js'
import type { Fingerprint } from '../../files/fingerprint.js'

/** Time in nanoseconds within which a file's timestamps may not show a second change. */
export const RACY_NS = 2_000_000_000n

/** The state of files when reading began. */
export interface ReadingStart {
  /** Milliseconds since 1970. */
  readonly startedMs: number
  readonly trust: CacheTrust
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
  { fingerprint }: ScannedFile,
  { startedMs, trust }: ReadingStart,
): boolean {
  return !isRacy(fingerprint, startedMs, trust)
}

/**
 * Whether a file changed so shortly before `startedMs` that it could change again unnoticed, or has
 * a time in the future.
 */
export function isRacy(
  { mtimeNs, ctimeNs }: Fingerprint,
  startedMs: number,
  trust: CacheTrust,
): boolean {
  const latest = trust === 'full' && ctimeNs > mtimeNs ? ctimeNs : mtimeNs
  return latest > BigInt(Math.floor(startedMs)) * 1_000_000n - RACY_NS
}
