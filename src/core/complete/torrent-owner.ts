import { createHash } from 'node:crypto'
import type { OutputRecord } from '../../cache/records/output.js'
import { BtkitError } from '../../errors.js'
import { encodeFingerprint, readFingerprintIfThere } from '../../files/fingerprint.js'
import { readBounded } from '../../files/read-bounded.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'

/** Larger torrents are no one's that we know. In bytes. */
const MAX_TORRENT = 512 * 1024 * 1024

/** A torrent that stands where another is to go. */
export interface ExistingTorrent {
  readonly bytes: Uint8Array
  /** Its fingerprint before it was read. */
  readonly fingerprint: Uint8Array
  /** Null when it is no valid torrent. */
  readonly metainfo: Metainfo | null
  /** SHA-256 of the bytes. */
  readonly digest: Uint8Array
  /** Ours, made by something else, or ours and changed by something else since. */
  readonly owner: 'own' | 'foreign' | 'edited'
}

/** How btkit's torrents say who made them. */
const OWN_CREATOR = /^btkit /

/**
 * Reads a torrent and tells whose it is: ours when its `created by` says so, be it btkit or the
 * creator that this run writes, and its bytes are those that the cache remembers, if it does.
 * Null when there is none.
 * @throws BtkitError when it can't be read
 */
export function examineTorrent(
  path: string,
  record: OutputRecord | null,
  creator: string | null,
): ExistingTorrent | null {
  const fingerprint = readFingerprintIfThere(path)
  if (!fingerprint) return null
  const bytes = readBounded(path, MAX_TORRENT)
  const metainfo = parseOrNull(bytes)
  const digest = createHash('sha256').update(bytes).digest()
  const owner = ownerOf({ metainfo, digest, record, creator })
  return { bytes, fingerprint: encodeFingerprint(fingerprint), metainfo, digest, owner }
}

function ownerOf(torrent: {
  metainfo: Metainfo | null
  digest: Uint8Array
  record: OutputRecord | null
  creator: string | null
}): ExistingTorrent['owner'] {
  const { metainfo, digest, record, creator } = torrent
  const isRemembered = record !== null && isOneOf(digest, [record.written, record.replaced])
  if (!metainfo) return 'foreign'
  const { createdBy } = metainfo
  const saysSo = createdBy !== null && (OWN_CREATOR.test(createdBy) || createdBy === creator)
  // Without a creator to tell them by, only those that are remembered are known to be ours
  if (!saysSo) return isRemembered && createdBy === creator ? 'own' : 'foreign'
  return record === null || isRemembered ? 'own' : 'edited'
}

function isOneOf(digest: Uint8Array, known: readonly (Uint8Array | null)[]): boolean {
  return known.some((other) => other !== null && Buffer.compare(digest, other) === 0)
}

function parseOrNull(bytes: Uint8Array): Metainfo | null {
  try {
    return parseMetainfo(bytes, { maxSize: MAX_TORRENT })
  } catch (error) {
    if (error instanceof BtkitError) return null
    throw error
  }
}
