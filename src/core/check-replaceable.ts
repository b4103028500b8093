import { BtkitError } from '../errors.js'
import { readBounded, readStart } from '../files/read-bounded.js'
import { parseMetainfo } from '../metainfo/parse/metainfo.js'

/** Far more bytes than any torrent has. */
const MAX_SIZE = 1024 ** 3

/** With what a torrent begins: its outermost dictionary. */
const DICTIONARY = Buffer.from('d')

/**
 * Makes sure that writing a torrent to `path` destroys nothing but an older torrent. An empty file,
 * as mktemp(1) makes them, may be replaced as well.
 * @throws BtkitError `exists` when the file holds anything else, `not-found`, `not-permitted` or
 * `io` when it can't be read
 */
export function checkReplaceable(path: string): void {
  const start = readStart(path, DICTIONARY.length)
  if (start.length === 0 || (DICTIONARY.equals(start) && isTorrent(path))) return
  const why = 'already exists and is not a torrent (--force replaces it)'
  throw new BtkitError('exists', `${path}: ${why}`)
}

function isTorrent(path: string): boolean {
  try {
    parseMetainfo(readBounded(path, MAX_SIZE), { maxSize: MAX_SIZE })
    return true
  } catch (error) {
    if (error instanceof BtkitError && NO_TORRENT.includes(error.code)) return false
    throw error
  }
}

const NO_TORRENT = ['bencode', 'metainfo', 'too-large']
