import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../metainfo.js'
import { announceUrls, isSeed, isTracker } from '../trackers.js'

/** Keys that are only valid inside `info`. */
const INFO_KEYS = ['private', 'source']

/**
 * Finds an announce URL that is not in the announce list. Clients that support lists ignore it (BEP
 * 12).
 */
export function* findAnnounceOutsideList({ announce, announceList }: Metainfo) {
  const listed = announceList?.flat() ?? []
  if (announce === null || listed.length === 0 || listed.includes(announce)) return
  yield `announce ${quoteText(announce)} is not in the announce list, so clients will not use it`
}

/** Finds an empty announce list, and tiers without a tracker. */
export function* findEmptyTiers({ announceList }: Metainfo) {
  if (announceList?.length === 0) yield 'the announce list is empty'
  for (const [at, tier] of announceList?.entries() ?? []) {
    if (tier.length === 0) yield `tier ${at + 1} of the announce list is empty`
  }
}

/** Finds trackers that are not an http, https, udp, ws or wss URL. */
export function* findBadTrackers(metainfo: Metainfo) {
  for (const tracker of announceUrls(metainfo)) {
    if (!isTracker(tracker)) {
      yield `tracker ${quoteText(tracker)} is not an http, https, udp, ws or wss URL`
    }
  }
}

/** Finds trackers that occur more than once in the announce list. */
export function* findRepeatedTrackers({ announceList }: Metainfo) {
  const counts = new Map<string, number>()
  for (const tracker of announceList?.flat() ?? []) {
    counts.set(tracker, (counts.get(tracker) ?? 0) + 1)
  }
  for (const [tracker, count] of counts) {
    if (count > 1) yield `tracker ${quoteText(tracker)} stands ${count} times in the announce list`
  }
}

/** Finds seeds that are not an http, https or ftp URL. */
export function* findBadSeeds(metainfo: Metainfo) {
  for (const seed of seedsOf(metainfo)) {
    if (!isSeed(seed)) {
      yield `web seed ${quoteText(seed)} is not an http, https or ftp URL`
    }
  }
}

/** Finds trackers and seeds with a comma: probably a list that became a single URL. */
export function* findCommas(metainfo: Metainfo) {
  for (const url of [...announceUrls(metainfo), ...seedsOf(metainfo)]) {
    const what = url.includes(',') ? 'a comma' : /\|[a-z]+:\/\//i.test(url) && 'a bar before a URL'
    if (what) yield `${quoteText(url)} has ${what}, but is one URL, not a list`
  }
}

/**
 * Finds web seeds of a directory without a slash at the end. Clients append the path of a file only
 * after a slash (BEP 19).
 */
export function* findSeedsWithoutSlash({ isDirectory, webSeeds }: Metainfo) {
  for (const seed of new Set(isDirectory ? webSeeds : [])) {
    if (!seed.endsWith('/')) {
      yield `web seed ${quoteText(seed)} of a directory does not end with a slash`
    }
  }
}

/** Finds HTTP seeds without web seeds. libtorrent 2.1 no longer reads HTTP seeds. */
export function* findOnlyHttpSeeds({ httpSeeds, webSeeds }: Metainfo) {
  if ((httpSeeds ?? []).length > 0 && (webSeeds ?? []).length === 0)
    yield 'HTTP seeds (httpseeds, BEP 17) but no web seeds: libtorrent 2.1 and later ignores them'
}

/** Finds torrents without trackers, nodes and seeds: clients find peers only through the DHT. */
export function* findNoTracker(metainfo: Metainfo) {
  const { nodes } = metainfo
  // Another rule handles private torrents
  if (metainfo.private || announceUrls(metainfo).length > 0) return
  if ((nodes ?? []).length === 0 && seedsOf(metainfo).size === 0) {
    yield 'no tracker, no DHT nodes and no seeds: clients find peers only by the DHT'
  }
}

/** Returns each web seed and HTTP seed once. */
function seedsOf({ httpSeeds, webSeeds }: Metainfo): Set<string> {
  return new Set([...(webSeeds ?? []), ...(httpSeeds ?? [])])
}

/**
 * Finds private torrents without a source. The same files on two trackers then have the same info
 * hash, and a client that has one of the torrents cannot add the other.
 */
export function* findPrivateWithoutSource(metainfo: Metainfo) {
  if (metainfo.private && (metainfo.source ?? '') === '') {
    yield 'private without info.source: on another tracker it would have the same info hash'
  }
}

/** Finds private torrents without a tracker: their peers only come from trackers (BEP 27). */
export function* findPrivateWithoutTracker(metainfo: Metainfo) {
  if (metainfo.private && announceUrls(metainfo).length === 0)
    yield 'private without a tracker: no client can find peers'
}

/**
 * Finds private torrents with trackers on different hosts. Each tracker then learns the URLs of the
 * others, which often hold a passkey.
 */
export function* findPrivateOnSeveral(metainfo: Metainfo) {
  if (!metainfo.private) return
  const urls = announceUrls(metainfo).filter((url) => URL.canParse(url))
  const [first, ...others] = new Set(urls.map((url) => new URL(url).hostname))
  if (first !== undefined && others.length > 0) {
    const hosts = [first, ...others].map((host) => quoteText(host)).join(', ')
    yield `private with trackers of different hosts (${hosts}): each gets the URLs of the others`
  }
}

/** Finds private torrents with DHT nodes: their peers must only come from trackers (BEP 27). */
export function* findPrivateWithNodes(metainfo: Metainfo) {
  if (metainfo.private && (metainfo.nodes ?? []).length > 0) {
    yield 'private with DHT nodes: clients must not use them'
  }
}

/** Finds a private flag or source outside `info`, where clients ignore it. */
export function* findMisplacedKeys({ spans }: Metainfo) {
  for (const key of INFO_KEYS) {
    if (spans.has(key)) yield `${key} stands outside info, where clients ignore it`
  }
}
