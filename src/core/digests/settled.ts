import type { PieceCache } from '../../cache/piece-cache.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { CacheTrust } from './cache-trust.js'
import type { Fingerprint } from '../../files/fingerprint.js'

/** A file's clock may be too coarse to show a change that soon after another, in nanoseconds. */
export const RACY_NS = 2_000_000_000n

/** What was known of files when they began to be read. */
export interface ReadingStart {
  /** Milliseconds since 1970. */
  readonly startedMs: number
  /** The real paths of those that somebody had open for writing. */
  readonly openForWriting: ReadonlySet<string>
  readonly trust: CacheTrust
}

/** The same, with where to remember what was read. */
export interface RememberingStart extends ReadingStart {
  readonly cache: PieceCache
}

/**
 * Whether what was read of a file may be remembered: as long as its fingerprint is the same, so is
 * its content. Not when it could have changed since without a sign of it.
 */
export function isSettled(
  { absolutePath, fingerprint }: ScannedFile,
  { startedMs, openForWriting, trust }: ReadingStart,
): boolean {
  return !openForWriting.has(absolutePath) && !isRacy(fingerprint, startedMs, trust)
}

/**
 * Whether a file changed so shortly before the moment `startedMs` that it could change again
 * without any sign of it, or claims to be of the future.
 */
export function isRacy(
  { mtimeNs, ctimeNs }: Fingerprint,
  startedMs: number,
  trust: CacheTrust,
): boolean {
  const latest = trust === 'full' && ctimeNs > mtimeNs ? ctimeNs : mtimeNs
  return latest > BigInt(Math.floor(startedMs)) * 1_000_000n - RACY_NS
}
