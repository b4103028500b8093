import type { Fingerprint } from '../../files/fingerprint.js'
import type { CacheTrust } from './cache-trust.js'

/** A file's clock may be too coarse to show a change that soon after another, in nanoseconds. */
export const RACY_NS = 2_000_000_000n

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
