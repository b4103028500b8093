import { FINGERPRINT_LENGTH } from '../../files/fingerprint.js'

/**
 * How much of a fingerprint must match for a file to count as unchanged: all of it, or size and
 * mtime alone, for NFS and for trees that are hard-linked or synchronised over.
 */
export type CacheTrust = 'full' | 'mtime'

/** How many bytes of an encoded fingerprint count; size and mtime are the first. */
export const TRUSTED_LENGTH: Record<CacheTrust, number> = { full: FINGERPRINT_LENGTH, mtime: 16 }

/** The part of an encoded fingerprint that counts. */
export function trustedPart(fingerprint: Uint8Array, trust: CacheTrust): Uint8Array {
  return fingerprint.subarray(0, TRUSTED_LENGTH[trust])
}

/** Whether two encoded fingerprints are of one unchanged file. */
export function isSameFile(a: Uint8Array, b: Uint8Array, trust: CacheTrust): boolean {
  return a.length === b.length && Buffer.compare(trustedPart(a, trust), trustedPart(b, trust)) === 0
}
