import { BtkitError } from '../errors.js'
import { readBoundedRegular, readStart } from '../files/read-bounded.js'
import { isTorrent } from '../metainfo/parse/is-torrent.js'

/** In bytes. */
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
  if (start.length === 0 || (DICTIONARY.equals(start) && holdsTorrent(path))) return
  const why = 'already exists and is not a torrent (--force replaces it)'
  throw new BtkitError('exists', `${path}: ${why}`)
}

/** Far more bytes than any torrent has are none. */
function holdsTorrent(path: string): boolean {
  try {
    return isTorrent(readBoundedRegular(path, MAX_SIZE))
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'too-large') return false
    throw error
  }
}
