import { hasTracker } from '../../metainfo/trackers.js'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import { BtkitError } from '../../errors.js'
import type { DictChanges } from '../../metainfo/edit/splice-dict.js'
import { spliceTorrent } from '../../metainfo/edit/splice-torrent.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { MagnetLink } from '../../metainfo/parse/magnet.js'
import { parseTorrent } from '../read-torrent.js'

/**
 * Checks that a torrent has the info hash of a magnet link. `source` is its name in errors.
 * @throws BtkitError `metainfo`
 */
export function requireTorrentOf(magnet: MagnetLink, metainfo: Metainfo, source: string): void {
  const pairs = [
    [magnet.infoHash, metainfo.infoHash],
    [magnet.infoHashV2, metainfo.infoHashV2],
  ]
  const other = pairs.find(([wanted, found]) => wanted !== null && found !== wanted)
  if (!other) return
  const [wanted, found] = other
  const what = found === null ? 'has no such info hash' : `has the info hash ${found ?? ''}`
  throw new BtkitError('metainfo', `${source}: ${what}, not the magnet link's ${wanted ?? ''}`)
}

/** Adds the trackers and web seeds of a magnet link to a torrent that has none of its own. */
export function withLinkSources(
  metainfo: Metainfo,
  { trackers, webSeeds }: MagnetLink,
  source: string,
): Metainfo {
  const top: DictChanges = new Map([
    ...(hasTracker(metainfo) ? [] : trackerEntries(trackers)),
    ...((metainfo.webSeeds ?? []).length > 0 ? [] : seedEntries(webSeeds)),
  ])
  if (top.size === 0) return metainfo
  const bytes = spliceTorrent(metainfo, { top })
  return parseTorrent(bytes, source, bytes.length)
}

type Entries = [key: string, value: Uint8Array][]

/** Returns trackers with a tier for each, so that clients ask all of them in order (BEP 12). */
function trackerEntries(trackers: readonly string[]): Entries {
  const [first] = trackers
  if (first === undefined) return []
  const tiers = trackers.map((tracker) => [Buffer.from(tracker)])
  return [
    ['announce', encodeBencode(Buffer.from(first))],
    ['announce-list', encodeBencode(tiers)],
  ]
}

function seedEntries(webSeeds: readonly string[]): Entries {
  if (webSeeds.length === 0) return []
  return [['url-list', encodeBencode(webSeeds.map((seed) => Buffer.from(seed)))]]
}
