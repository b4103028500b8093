import { deviceStamps, type DeviceStamps } from '../../files/device-stamp.js'
import {
  DEVICE_OFFSET,
  encodeFingerprint,
  FINGERPRINT_LENGTH,
  type Fingerprint,
} from '../../files/fingerprint.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { HashOptions } from '../../hash/hash-stream.js'
import type { ContentStream } from '../../hash/stream/content-stream.js'
import type { Content } from './content.js'
import type { PieceTable } from './piece-table.js'

/**
 * How much of a fingerprint must match for a file to count as unchanged: everything, or only size
 * and mtime. The latter is for NFS, and for trees that are hard-linked or copied by
 * synchronization.
 */
export type CacheTrust = 'full' | 'mtime'

/** Bytes of an encoded fingerprint that count; size and mtime come first. */
export const TRUSTED_LENGTH: Record<CacheTrust, number> = { full: FINGERPRINT_LENGTH, mtime: 16 }

/** Returns the part of an encoded fingerprint that counts. */
export function trustedPart(fingerprint: Uint8Array, trust: CacheTrust): Uint8Array {
  return fingerprint.subarray(0, TRUSTED_LENGTH[trust])
}

/**
 * Encodes a fingerprint for the cache. The result stays the same if the device gets another number.
 */
export function keptFingerprint(
  fingerprint: Fingerprint,
  stamps: DeviceStamps = deviceStamps,
): Uint8Array {
  const { size, mtimeNs, ctimeNs, inode, device } = fingerprint
  // Lists all properties: there may be very many files, and spreading takes several times as long
  return encodeFingerprint({ size, mtimeNs, ctimeNs, inode, device: stamps.of(device) })
}

/**
 * Whether an encoded fingerprint, such as one of the cache, matches the current state of a file.
 */
export function isSameFile(kept: Uint8Array, current: Uint8Array, trust: CacheTrust): boolean {
  if (kept.length !== current.length) return false
  if (trust === 'mtime') return isEqualUpTo(TRUSTED_LENGTH.mtime, kept, current)
  return isEqualUpTo(DEVICE_OFFSET, kept, current) && isSameDevice(kept, current)
}

/** Whether a fingerprint of the cache belongs to the same file system as a current one. */
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
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /** The kernel for combining Merkle tree nodes. Default: the fastest. */
  readonly kernel?: string | undefined
  /**
   * Adds to the cache what other machines know of content, and this one does not. Resolves to
   * whether it added anything. Undefined without other machines.
   */
  readonly adopt?: ((adoption: Adoption) => Promise<boolean>) | undefined
  /**
   * Claims the files of content that are about to be read. Resolves when no other process or machine
   * reads them, or after a while. Null if nothing is claimed.
   */
  readonly claim?: ((request: ClaimRequest) => Promise<Claimed | null>) | undefined
}

/** Content to be read, except the pieces of the table that are known. */
export interface ClaimRequest {
  readonly content: Content
  readonly table: PieceTable
  readonly engine: Pick<HashOptions, 'signal' | 'pauses'>
}

/** Files that nobody else reads until they are released. */
export interface Claimed {
  /** Whether digests must be looked up again, because others may have read the files. */
  readonly isLookDue: boolean
  /** Releases them as soon as the cache has stored the results. */
  readonly release: () => void
}

/** Content whose digests other machines may know. */
export interface Adoption {
  readonly content: Content
  /** The digests that are known already. Adopted trees are entered. */
  readonly table?: PieceTable
  /** Its stream, of which pieces are read to check what others know. */
  readonly stream: () => ContentStream
  readonly engine: HashOptions
}
