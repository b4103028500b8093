import { deviceStamps, type DeviceStamps } from '../../files/device-stamp.js'
import {
  DEVICE_OFFSET,
  encodeFingerprint,
  FINGERPRINT_LENGTH,
  type Fingerprint,
} from '../../files/fingerprint.js'
import type { PieceCache } from '../../cache/piece-cache.js'

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

/** An encoded fingerprint for the cache: the same after the file's device has got another number. */
export function keptFingerprint(
  fingerprint: Fingerprint,
  stamps: DeviceStamps = deviceStamps,
): Uint8Array {
  const { size, mtimeNs, ctimeNs, inode, device } = fingerprint
  // Spelled out, as there may be very many, and copying an object costs several times as much
  return encodeFingerprint({ size, mtimeNs, ctimeNs, inode, device: stamps.of(device) })
}

/** Whether a fingerprint from the cache, or any encoded one, is that of a file as it is now. */
export function isSameFile(kept: Uint8Array, current: Uint8Array, trust: CacheTrust): boolean {
  if (kept.length !== current.length) return false
  if (trust === 'mtime') return isEqualUpTo(TRUSTED_LENGTH.mtime, kept, current)
  return isEqualUpTo(DEVICE_OFFSET, kept, current) && isSameDevice(kept, current)
}

/** Whether a fingerprint from the cache is of the file system that a current one is of. */
export function isSameDevice(
  kept: Uint8Array,
  current: Uint8Array,
  stamps: DeviceStamps = deviceStamps,
): boolean {
  const [then, now] = [deviceIn(kept), deviceIn(current)]
  return then === now || then === stamps.of(now)
}

function isEqualUpTo(length: number, a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0
}

function deviceIn({ buffer, byteOffset }: Uint8Array): bigint {
  return new DataView(buffer, byteOffset).getBigUint64(DEVICE_OFFSET, true)
}

/** The piece cache, and how far to trust it. */
export interface CacheAccess {
  readonly cache: PieceCache
  readonly trust: CacheTrust
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The hash kernel that combines what is known of Merkle trees; the fastest when absent. */
  readonly kernel?: string | undefined
}
