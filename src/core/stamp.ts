import type { Fingerprint } from '../files/fingerprint.js'

/**
 * How much of a fingerprint must match for a file to count as unchanged: all of it, or size and
 * mtime alone, for NFS and for trees that are hard-linked or synchronised over.
 */
export type CacheTrust = 'full' | 'mtime'

/** Bytes of a stamp, and of the part of it that counts. */
export const STAMP_LENGTH = 40
export const TRUSTED_LENGTH: Record<CacheTrust, number> = { full: STAMP_LENGTH, mtime: 16 }

/** A fingerprint as the cache keeps it: size, mtime, ctime, inode and device, 8 bytes each. */
export function stampOf(fingerprint: Fingerprint): Uint8Array {
  const stamp = new Uint8Array(STAMP_LENGTH)
  writeStamp(fingerprint, new DataView(stamp.buffer), 0)
  return stamp
}

/** Writes a stamp at a place. What is longer than 64 bits is cut to them. */
export function writeStamp(fingerprint: Fingerprint, target: DataView, at: number): void {
  const { size, mtimeNs, ctimeNs, inode, device } = fingerprint
  target.setBigUint64(at, BigInt(size), true)
  target.setBigInt64(at + 8, mtimeNs, true)
  target.setBigInt64(at + 16, ctimeNs, true)
  target.setBigUint64(at + 24, inode, true)
  target.setBigUint64(at + 32, device, true)
}

/** The part of a stamp that counts. */
export function trusted(stamp: Uint8Array, trust: CacheTrust): Uint8Array {
  return stamp.subarray(0, TRUSTED_LENGTH[trust])
}

/** Whether two stamps are of one unchanged file. */
export function isSameStamp(a: Uint8Array, b: Uint8Array, trust: CacheTrust): boolean {
  return a.length === b.length && Buffer.compare(trusted(a, trust), trusted(b, trust)) === 0
}

/** A file's clock may be too coarse to show a change that soon after another, in nanoseconds. */
const RACY_NS = 2_000_000_000n

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

/** Whether none of some files is racy: what was made from them may be remembered. */
export function areSettled(
  files: readonly { readonly fingerprint: Fingerprint }[],
  startedMs: number,
  trust: CacheTrust,
): boolean {
  return !files.some(({ fingerprint }) => isRacy(fingerprint, startedMs, trust))
}
