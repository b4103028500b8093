import { lstatSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { callSystem } from '../../base/errors.js'
import { rawPath } from '../../base/text/raw-path.js'

/**
 * Shows whether a file has changed without reading it. Times are nanoseconds since 1970. A rewrite
 * that keeps size and mtime still changes ctime, and a replacement changes the inode.
 */
export interface Fingerprint {
  size: number
  mtimeNs: bigint
  ctimeNs: bigint
  inode: bigint
  device: bigint
}

/** Returns the fingerprint in the result of stat (with `bigint: true`). */
export function fingerprintOf(stats: BigIntStats): Fingerprint {
  return {
    size: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    inode: stats.ino,
    device: stats.dev,
  }
}

/** Returns the fingerprint of the file at `path`; follows links. Throws system errors unchanged. */
export function readFingerprint(path: string): Fingerprint {
  return fingerprintOf(statSync(path, { bigint: true }))
}

/** A modification time as the creation date of a torrent, in seconds; 0 for times before 1970. */
export function creationDateOf(mtimeNs: bigint): number {
  return Math.max(0, Number(mtimeNs / 1_000_000_000n))
}

/** Whether two fingerprints describe the same state of the same file. */
export function sameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return (
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.inode === b.inode &&
    a.device === b.device
  )
}

/**
 * Describes what happened to a file since the fingerprint `before`; null if nothing did. A
 * replacement changes ctime, too: some file systems (FUSE) give a file another inode number at each
 * look.
 */
export function changeSince(
  before: Fingerprint,
  now: Fingerprint | null,
  { trust = 'full', onRenumbered }: ChangeRules = {},
): 'changed' | 'disappeared' | null {
  if (now === null) return 'disappeared'
  const isSame = now.size === before.size && now.mtimeNs === before.mtimeNs
  if (!isSame || (trust === 'full' && now.ctimeNs !== before.ctimeNs)) return 'changed'
  if (trust === 'full' && now.inode !== before.inode) onRenumbered?.()
  return null
}

/** The rules for a change of a file. */
export interface ChangeRules {
  /** Whether ctime counts. */
  readonly trust?: 'full' | 'mtime'
  /** Is called for a file that only has another inode number, by which the cache knows it. */
  readonly onRenumbered?: (() => void) | undefined
}

/** Names what differs between the trusted parts of two encoded fingerprints: `mtime, ctime`. */
export function differencesOf(before: Uint8Array, now: Uint8Array): string {
  const parts = ['size', 'mtime', 'ctime', 'inode'].filter((_, i) => {
    const part = (of: Uint8Array) => of.subarray(8 * i, 8 * i + 8)
    return Buffer.compare(part(before), part(now)) !== 0
  })
  return parts.join(', ')
}

/**
 * Returns the fingerprint of the entry at `path` without following links; null if there is none.
 * `shown` is the path for messages.
 * @throws BtkitError `not-permitted` or `io`
 */
export function readFingerprintIfThere(path: string, shown = path): Fingerprint | null {
  const options = { bigint: true, throwIfNoEntry: false } as const
  const stats = callSystem(shown, () => lstatSync(rawPath(path), options))
  return stats ? fingerprintOf(stats) : null
}

/** Length of an encoded fingerprint in bytes, and the offsets of mtime and device in it. */
export const FINGERPRINT_LENGTH = 40
export const MTIME_OFFSET = 8
export const DEVICE_OFFSET = 32

/**
 * Encodes a fingerprint for comparing and storing: size, mtime, ctime, inode and device, 8 bytes
 * each, little-endian.
 */
export function encodeFingerprint(fingerprint: Fingerprint): Uint8Array {
  writeFingerprint(fingerprint, scratchView, 0)
  const bytes = new Uint8Array(FINGERPRINT_LENGTH)
  bytes.set(scratch)
  return bytes
}

/**
 * Shared, because an array with a view gets memory outside the heap, which takes longer to allocate
 * than the rest.
 */
const scratch = new Uint8Array(FINGERPRINT_LENGTH)
const scratchView = new DataView(scratch.buffer)

/**
 * Writes an encoded fingerprint at an offset. Values of more than 64 bits lose their highest bits.
 */
export function writeFingerprint(fingerprint: Fingerprint, target: DataView, at: number): void {
  const { size, mtimeNs, ctimeNs, inode, device } = fingerprint
  target.setBigUint64(at, BigInt(size), true)
  target.setBigInt64(at + 8, mtimeNs, true)
  target.setBigInt64(at + 16, ctimeNs, true)
  target.setBigUint64(at + 24, inode, true)
  target.setBigUint64(at + DEVICE_OFFSET, device, true)
}

/** Reads an encoded fingerprint at an offset. */
export function readEncodedFingerprint(source: DataView, at: number): Fingerprint {
  const mtimeNs = source.getBigInt64(at + 8, true)
  const ctimeNs = source.getBigInt64(at + 16, true)
  const device = source.getBigUint64(at + DEVICE_OFFSET, true)
  if (device !== lastDevice) lastDevice = device
  return {
    size: source.getUint32(at, true) + 2 ** 32 * source.getInt32(at + 4, true),
    mtimeNs,
    // Equal values of very many files are one object
    ctimeNs: ctimeNs === mtimeNs ? mtimeNs : ctimeNs,
    inode: source.getBigUint64(at + 24, true),
    device: lastDevice,
  }
}

let lastDevice = 0n
