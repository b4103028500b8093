import { clientInfoHash } from '../../core/publish/client.js'
import { readTorrentFile } from './torrent-input.js'

/** A torrent named on the command line. */
export interface NamedTorrent {
  /** The info hash by which clients know it. */
  readonly infoHash: string
  /** Null if it was named by its info hash. */
  readonly file: string | null
}

/**
 * Finds the torrent for an argument: an info hash of 40 or 64 hexadecimal digits, or a file of at
 * most `maxSize` bytes.
 * @throws BtkitError the errors of readTorrentFile
 */
export function findNamedTorrent(word: string, maxSize: number): NamedTorrent {
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/i.test(word)) {
    return { infoHash: word.toLowerCase().slice(0, 40), file: null }
  }
  return { infoHash: clientInfoHash(readTorrentFile(word, maxSize)), file: word }
}
