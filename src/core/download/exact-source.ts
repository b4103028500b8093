import { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { MagnetLink } from '../../metainfo/parse/magnet.js'
import { fetchTorrent } from './fetch-torrent.js'
import { requireTorrentOf, withLinkSources } from './magnet-torrent.js'

/** Limits for fetching a torrent. */
export interface FetchLimits {
  /** Bytes. */
  readonly maxSize: number
  readonly signal: AbortSignal
}

/** The result of fetching a torrent from the URLs of a magnet link. */
export interface ExactSourceResult {
  readonly metainfo: Metainfo | null
  /** The errors of the URLs that failed, in order. */
  readonly failures: readonly BtkitError[]
}

/**
 * Fetches the torrent of a magnet link from the first exact source that has it. Only a torrent with
 * the link's info hash is accepted.
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
