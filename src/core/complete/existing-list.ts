import { isSameBytes, sha256 } from '../../bytes.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import type { TorrentRecord } from '../../state/torrent-log.js'

/** An existing file at the path of a list of checksums. */
export interface ExistingList {
  readonly bytes: Uint8Array
  /** Its encoded fingerprint before it was read. */
  readonly fingerprint: Uint8Array
  /** SHA-256 of the bytes. */
  readonly digest: Uint8Array
}

/** Largest list in bytes; no torrent could have the content of a larger one. */
const MAX_LIST = 1024 * 1024 * 1024

/**
 * Reads the file at the path of a list; null if there is none.
 * @throws BtkitError if it cannot be read
 */
export function readExistingList(path: string): ExistingList | null {
  const fingerprint = readFingerprintIfThere(path)
  if (!fingerprint) return null
  const bytes = readBoundedRegular(path, MAX_LIST)
  return { bytes, fingerprint: encodeFingerprint(fingerprint), digest: sha256(bytes) }
}

/** Whether a list is exactly what btkit wrote, or an empty file as a crash leaves it. */
export function isListOfOurs(
  { bytes, digest }: ExistingList,
  { written, replaced }: TorrentRecord,
): boolean {
  const known = replaced ? [written, replaced] : [written]
  return bytes.length === 0 || known.some(({ file }) => isSameBytes(file, digest))
}
