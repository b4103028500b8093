import { BtkitError } from '../errors.js'
import { readBounded } from '../files/read-bounded.js'
import type { Metainfo, UnhashedMetainfo } from '../metainfo/metainfo.js'
import { withInfoHashes } from '../metainfo/info-hashes.js'
import { parseUnhashed } from '../metainfo/parse/metainfo.js'

/**
 * Reads and checks a .torrent file of at most `maxSize` bytes.
 * @throws BtkitError with the file's name
 */
export function readTorrent(path: string, maxSize: number): Metainfo {
  return parseTorrent(readBounded(path, maxSize), path, maxSize)
}

/** Parses the bytes of a .torrent. `name` is its name in errors. */
export function parseTorrent(bytes: Uint8Array, name: string, maxSize: number): Metainfo {
  return withInfoHashes(parseUnhashedTorrent(bytes, name, maxSize))
}

/** Does the same without the info hashes, which take longer than all the rest. */
export function parseUnhashedTorrent(
  bytes: Uint8Array,
  name: string,
  maxSize: number,
): UnhashedMetainfo {
  try {
    return parseUnhashed(bytes, { maxSize })
  } catch (error) {
    throw error instanceof BtkitError ? error.of(name) : error
  }
}
