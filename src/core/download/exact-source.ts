import { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { MagnetLink } from '../../metainfo/parse/magnet.js'
import { fetchTorrent } from './fetch-torrent.js'
import { requireTorrentOf, withLinkSources } from './magnet-torrent.js'

/** How a torrent is fetched. */
export interface FetchLimits {
  /** In bytes. */
  readonly maxSize: number
  readonly signal: AbortSignal
}

/** What became of the addresses that a magnet link names for its torrent. */
export interface ExactSourceResult {
  readonly metainfo: Metainfo | null
  /** Why others did not have it, in their order. */
  readonly failures: readonly BtkitError[]
}

/**
 * Fetches the torrent of a magnet link from the first of its exact sources that has it: nothing else
 * than what has the link's info hash is taken.
 * @throws BtkitError `interrupted`
 */
export async function fetchExactSource(
  magnet: MagnetLink,
  { maxSize, signal }: FetchLimits,
): Promise<ExactSourceResult> {
  const failures: BtkitError[] = []
  for (const url of magnet.exactSources) {
    try {
      const fetched = await fetchTorrent(url, maxSize, signal)
      requireTorrentOf(magnet, fetched, url)
      return { metainfo: withLinkSources(fetched, magnet, url), failures }
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      failures.push(error)
    }
  }
  return { metainfo: null, failures }
}
