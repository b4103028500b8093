import { BtkitError } from '../errors.js'
import { readBounded } from '../files/read-bounded.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import { parseMetainfo } from '../metainfo/parse/metainfo.js'

/**
 * Reads and checks a .torrent file of at most `maxSize` bytes.
 * @throws BtkitError that names the file
 */
export function readTorrent(path: string, maxSize: number): Metainfo {
  return parseTorrent(readBounded(path, maxSize), path, maxSize)
}

/** Checks the bytes of a .torrent; `name` is what they are called in errors. */
export function parseTorrent(bytes: Uint8Array, name: string, maxSize: number): Metainfo {
  try {
    return parseMetainfo(bytes, { maxSize })
  } catch (error) {
    throw error instanceof BtkitError ? error.of(name) : error
  }
}
