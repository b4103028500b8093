import { BtkitError } from '../../errors.js'
import { readBounded } from '../../files/read-bounded.js'
import { parseUnhashedTorrent } from '../read-torrent.js'
import { findTorrents } from './find-torrents.js'

/**
 * Whether any torrent below directories is a hybrid. Those that can't be read are none.
 * @param maxSize of the largest torrent, in bytes
 */
export function hasHybrids(directories: readonly string[], maxSize: number): boolean {
  return [...findTorrents(directories).stamps.keys()].some((path) => isHybrid(path, maxSize))
}

function isHybrid(path: string, maxSize: number): boolean {
  try {
    return parseUnhashedTorrent(readBounded(path, maxSize), path, maxSize).version === 'hybrid'
  } catch (error) {
    if (error instanceof BtkitError) return false
    throw error
  }
}
