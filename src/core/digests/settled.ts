import type { PieceCache } from '../../cache/piece-cache.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { CacheTrust } from './cache-trust.js'
import { isRacy } from './racy.js'

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
