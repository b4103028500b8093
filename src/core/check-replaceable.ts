import { BtkitError } from '../errors.js'
import { readBoundedRegular, readStart } from '../files/read-bounded.js'
import { isTorrent } from '../metainfo/parse/metainfo.js'

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
