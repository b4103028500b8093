import { clientInfoHash } from '../../core/publish/client.js'
import { readTorrentFile } from './torrent-input.js'

/** A torrent that a command line names. */
export interface NamedTorrent {
  /** As clients know it. */
  readonly infoHash: string
  /** Null for one that is named by its info hash. */
  readonly file: string | null
}

/**
 * Finds the torrent that a word stands for: an info hash of 40 or 64 hexadecimal digits, or a file
 * of at most `maxSize` bytes.
 * @throws BtkitError those of readTorrentFile
 */
export function findNamedTorrent(word: string, maxSize: number): NamedTorrent {
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/i.test(word)) {
    return { infoHash: word.toLowerCase().slice(0, 40), file: null }
  }
  return { infoHash: clientInfoHash(readTorrentFile(word, maxSize)), file: word }
}
