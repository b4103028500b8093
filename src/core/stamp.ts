import type { Fingerprint } from '../files/fingerprint.js'

/**
 * How much of a fingerprint must match for a file to count as unchanged: all of it, or size and
 * mtime alone, for NFS and for trees that are hard-linked or synchronised over.
 */
export type CacheTrust = 'full' | 'mtime'

const TRUSTED_LENGTH: Record<CacheTrust, number> = { full: 40, mtime: 16 }

/** A fingerprint as the cache keeps it: size, mtime, ctime, inode and device, 8 bytes each. */
export function stampOf(fingerprint: Fingerprint): Uint8Array {
  const stamp = Buffer.allocUnsafe(TRUSTED_LENGTH.full)
  stamp.writeBigUInt64LE(BigInt(fingerprint.size), 0)
  stamp.writeBigInt64LE(fingerprint.mtimeNs, 8)
  stamp.writeBigInt64LE(fingerprint.ctimeNs, 16)
  stamp.writeBigUInt64LE(BigInt.asUintN(64, fingerprint.inode), 24)
  stamp.writeBigUInt64LE(BigInt.asUintN(64, fingerprint.device), 32)
  return stamp
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
