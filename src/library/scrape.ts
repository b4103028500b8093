import { askTrackers, type Asked, type TrackerAnswer } from '../clients/scrape/ask-trackers.js'
import { clientInfoHash } from '../core/publish/client.js'
import { refuseAborted } from '../errors.js'
import { looksLikeMagnet, parseMagnet, type MagnetLink } from '../metainfo/magnet.js'
import { announceUrls, checkTracker } from '../metainfo/trackers.js'
import { requireArray } from './check-options.js'
import { readInput, type ReadOptions, type TorrentInput } from './read.js'

/** Options for asking trackers. */
export interface ScrapeOptions extends ReadOptions {
  /** Announce URLs of the trackers to ask (default: those of each torrent). */
  readonly trackers?: readonly string[] | undefined
  /** Milliseconds that a tracker has for an answer (default: 10,000). */
  readonly timeout?: number | undefined
}

/**
 * Asks the trackers of torrents and magnet links for their seeds and leechers, over HTTP and UDP.
 * Each tracker is asked once about all torrents. Returns for each torrent the answers of its
 * trackers, in their order. A tracker that fails is an answer with an `error`.
 * @throws BtkitError `usage` for a bad URL or link, those of readTorrent, and `interrupted`
 */
export async function scrapeTorrents(
  torrents: readonly (TorrentInput | MagnetLink)[],
  options: ScrapeOptions = {},
): Promise<TrackerAnswer[][]> {
  await Promise.resolve()
  const { timeout = 10_000, signal = new AbortController().signal } = options
  refuseAborted(signal)
  requireArray(torrents, 'torrents')
  const own = options.trackers?.map(checkTracker)
  const asked = torrents.map((torrent) => askedOf(torrent, own, options))
  const answers = await askTrackers(asked, { timeoutMs: timeout, signal })
  refuseAborted(signal)
  return asked.map(answers)
}

function askedOf(
  torrent: TorrentInput | MagnetLink,
  trackers: readonly string[] | undefined,
  options: ScrapeOptions,
): Asked {
  const found = linkOf(torrent) ?? readInput(torrent as TorrentInput, options)
  const urls = trackers ?? ('trackers' in found ? found.trackers : announceUrls(found))
  const named = [...new Set(urls)].filter((url) => url !== '')
  return { name: '', infoHash: clientInfoHash(found), trackers: named }
}

function linkOf(torrent: TorrentInput | MagnetLink): MagnetLink | null {
  if (typeof torrent === 'string') return looksLikeMagnet(torrent) ? parseMagnet(torrent) : null
  return torrent instanceof Object && 'trackers' in torrent ? torrent : null
}
