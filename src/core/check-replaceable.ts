import { BtkitError, valueOr } from '../errors.js'
import { readBoundedRegular, readStart } from '../files/read-bounded.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import type { InfoHashes } from '../metainfo/values.js'
import { isTorrent, parseMetainfo } from '../metainfo/parse/metainfo.js'
import { MAX_TORRENT } from '../metainfo/sizes.js'

/** Largest file that is examined, in bytes. */
const MAX_SIZE = 1024 ** 3

/** The first byte of a torrent: it is a dictionary. */
const DICTIONARY = Buffer.from('d')

/**
 * Checks that a new torrent at `path` replaces only an older torrent, or an empty file such as
 * those of mktemp(1).
 * @throws BtkitError `exists` if the file has other content, `not-found`, `not-permitted` or `io`
 *   if it cannot be read
 */
export function checkReplaceable(path: string): void {
  const start = readStart(path, DICTIONARY.length)
  if (start.length === 0 || (DICTIONARY.equals(start) && holdsTorrent(path))) return
  const why = 'already exists and is not a torrent (--force replaces it)'
  throw new BtkitError('exists', `${path}: ${why}`)
}

/** Whether a file is a torrent. A file above the size limit is not. */
function holdsTorrent(path: string): boolean {
  try {
    return isTorrent(readBoundedRegular(path, MAX_SIZE))
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'too-large') return false
    throw error
  }
}

/** The torrent at a path; null if there is none that can be read. */
export function torrentAt(path: string): Metainfo | null {
  return valueOr(null, () => {
    return parseMetainfo(readBoundedRegular(path, MAX_TORRENT), { maxSize: MAX_TORRENT })
  })
}

/**
 * Checks that a torrent with these info hashes replaces no other one: its clients would not follow.
 * @throws BtkitError `exists`
 */
export function checkSameTorrent(path: string, { infoHash, infoHashV2 }: InfoHashes): void {
  const old = torrentAt(path)
  if (old === null || (old.infoHash === infoHash && old.infoHashV2 === infoHashV2)) return
  refuseOther(path, old)
}

/** @throws BtkitError `exists` for a torrent that a new one with another info hash would replace */
export function refuseOther(path: string, { infoHash, infoHashV2 }: InfoHashes): never {
  const why = `another torrent (info hash ${infoHash ?? infoHashV2}) is there`
  throw new BtkitError('exists', `${path}: ${why}; --force replaces it, --output writes elsewhere`)
}
