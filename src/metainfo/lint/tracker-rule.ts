import { quoteText } from '../../text/escape.js'
import type { Metainfo, MetainfoVersion } from '../metainfo.js'
import { announceUrls } from '../trackers.js'
import type { LintRule } from './finding.js'

/** The rules of a tracker for torrents; an undefined field allows anything. Sizes are in bytes. */
export interface TrackerRule {
  /** The host, with a port if the rule is for that one only. */
  readonly host: string
  /** Where the rule stands. */
  readonly place: string
  readonly private?: boolean | undefined
  readonly source?: string | undefined
  readonly version?: MetainfoVersion | undefined
  readonly shortestPiece?: number | undefined
  readonly longestPiece?: number | undefined
  readonly largestTorrent?: number | undefined
}

/** Finds what the rules of a torrent's trackers forbid. */
export function byTrackerRules(rules: readonly TrackerRule[]): LintRule {
  return function* findAgainstTrackers(metainfo) {
    const hosts = hostsOf(metainfo)
    for (const rule of rules.filter(({ host }) => hosts.has(host)))
      for (const wanted of broken(metainfo, rule))
        yield `${rule.host} wants ${wanted} (${rule.place})`
  }
}

function hostsOf(metainfo: Metainfo): Set<string> {
  const parsed = announceUrls(metainfo).flatMap((url) => (URL.canParse(url) ? new URL(url) : []))
  return new Set(parsed.flatMap(({ host, hostname }) => [host, hostname]))
}

function* broken(metainfo: Metainfo, rule: TrackerRule) {
  const { pieceLength, bytes } = metainfo
  const { shortestPiece = 0, longestPiece = Infinity, largestTorrent = Infinity } = rule
  if (rule.private !== undefined && rule.private !== metainfo.private)
    yield rule.private ? 'private torrents' : 'torrents that are not private'
  if (rule.source !== undefined && rule.source !== metainfo.source)
    yield `the source ${quoteText(rule.source)}`
  if (rule.version !== undefined && rule.version !== metainfo.version)
    yield rule.version === 'hybrid' ? 'hybrid torrents' : `torrents of version ${rule.version}`
  if (pieceLength < shortestPiece) yield `pieces of at least ${shortestPiece} bytes`
  if (pieceLength > longestPiece) yield `pieces of at most ${longestPiece} bytes`
  if (bytes.length > largestTorrent) yield `a .torrent of at most ${largestTorrent} bytes`
}
