import { createHash } from 'node:crypto'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import type { TorrentRecord } from '../../state/torrents/record.js'
import { isEqual } from './existing-torrent.js'

/** A file that stands where a list of checksums is to go. */
export interface ExistingList {
  readonly bytes: Uint8Array
  /** Its encoded fingerprint before it was read. */
  readonly fingerprint: Uint8Array
  /** SHA-256 of the bytes. */
  readonly digest: Uint8Array
}

/** Larger lists are of no content that a torrent could hold. In bytes. */
const MAX_LIST = 1024 * 1024 * 1024

/**
 * Reads what stands where a list is to go; null when there is nothing.
 * @throws BtkitError when it can't be read
 */
export function readExistingList(path: string): ExistingList | null {
  const fingerprint = readFingerprintIfThere(path)
  if (!fingerprint) return null
  const bytes = readBoundedRegular(path, MAX_LIST)
  return { bytes, fingerprint: encodeFingerprint(fingerprint), digest: sha256(bytes) }
}

/** Whether a list is just what btkit wrote, or an empty file as a crash leaves. */
export function isListOfOurs(
  { bytes, digest }: ExistingList,
  { written, replaced }: TorrentRecord,
): boolean {
  const known = replaced ? [written, replaced] : [written]
  return bytes.length === 0 || known.some(({ file }) => isEqual(file, digest))
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
