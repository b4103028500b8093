import { quoteText } from '../../text/escape.js'
import type { Metainfo } from '../metainfo.js'
import { isSeed, isTracker } from '../trackers.js'

/** Keys that count inside `info` only, but stand beside it. */
const INFO_KEYS = ['private', 'source']

/** An announce that is not in the list: clients that know lists ignore it (BEP 12). */
export function* findAnnounceOutsideList({ announce, announceList }: Metainfo) {
  const listed = announceList?.flat() ?? []
  if (announce === null || listed.length === 0 || listed.includes(announce)) return
  yield `announce ${quoteText(announce)} is not in the announce list, so clients will not use it`
}

/** Tiers without a tracker, and a list without a tier. */
export function* findEmptyTiers({ announceList }: Metainfo) {
  if (announceList?.length === 0) yield 'the announce list is empty'
  for (const [at, tier] of announceList?.entries() ?? []) {
    if (tier.length === 0) yield `tier ${at + 1} of the announce list is empty`
  }
}

/** Trackers that are no http, https, udp, ws or wss URL. */
export function* findBadTrackers(metainfo: Metainfo) {
  for (const tracker of trackersOf(metainfo)) {
    if (!isTracker(tracker)) {
      yield `tracker ${quoteText(tracker)} is not an http, https, udp, ws or wss URL`
    }
  }
}

/** Trackers that the announce list has more than once, in one tier or several. */
export function* findRepeatedTrackers({ announceList }: Metainfo) {
  const counts = new Map<string, number>()
  for (const tracker of announceList?.flat() ?? []) {
    counts.set(tracker, (counts.get(tracker) ?? 0) + 1)
  }
  for (const [tracker, count] of counts) {
    if (count > 1) yield `tracker ${quoteText(tracker)} stands ${count} times in the announce list`
  }
}

/** Seeds that are no http, https or ftp URL. */
export function* findBadSeeds(metainfo: Metainfo) {
  for (const seed of seedsOf(metainfo)) {
    if (!isSeed(seed)) {
      yield `web seed ${quoteText(seed)} is not an http, https or ftp URL`
    }
  }
}

/** Trackers and seeds with a comma: lists are written with commas, and one is taken for one URL. */
export function* findCommas(metainfo: Metainfo) {
  for (const url of [...trackersOf(metainfo), ...seedsOf(metainfo)]) {
    if (url.includes(',')) yield `${quoteText(url)} has a comma, but is one URL and no list`
  }
}

/** Web seeds to which clients should add the path of a file, but that end as a file does (BEP 19). */
export function* findSeedsWithoutSlash({ isDirectory, webSeeds }: Metainfo) {
  for (const seed of new Set(isDirectory ? webSeeds : [])) {
    if (!seed.endsWith('/')) {
      yield `web seed ${quoteText(seed)} of a directory does not end with a slash`
    }
  }
}

/** A torrent from which no client learns of peers or of seeds, unless by the DHT at large. */
export function* findNoTracker(metainfo: Metainfo) {
  const { nodes } = metainfo
  // Of private ones another rule tells
  if (metainfo.private || trackersOf(metainfo).size > 0) return
  if ((nodes ?? []).length === 0 && seedsOf(metainfo).size === 0) {
    yield 'no tracker, no DHT nodes and no seeds: clients find peers by the DHT alone'
  }
}

/** Each tracker once, the announce first. */
function trackersOf({ announce, announceList }: Metainfo): Set<string> {
  return new Set([...(announce === null ? [] : [announce]), ...(announceList?.flat() ?? [])])
}

/** Each web seed and HTTP seed once. */
function seedsOf({ httpSeeds, webSeeds }: Metainfo): Set<string> {
  return new Set([...(webSeeds ?? []), ...(httpSeeds ?? [])])
}

/**
 * A private torrent should have a source: without one, the same files on two trackers have the same
 * info hash, and a client that has one of the torrents can't have the other.
 */
export function* findPrivateWithoutSource(metainfo: Metainfo) {
  if (metainfo.private && (metainfo.source ?? '') === '') {
    yield 'private without info.source: on another tracker it would have the same info hash'
  }
}

/** Peers of a private torrent come from its trackers alone (BEP 27). */
export function* findPrivateWithoutTracker(metainfo: Metainfo) {
  if (metainfo.private && trackersOf(metainfo).size === 0)
    yield 'private without a tracker: no client can find peers'
}

/** DHT nodes of a private torrent, whose peers may come from its trackers alone (BEP 27). */
export function* findPrivateWithNodes(metainfo: Metainfo) {
  if (metainfo.private && (metainfo.nodes ?? []).length > 0) {
    yield 'private with DHT nodes: clients must not use them'
  }
}

/** A private flag or source outside `info`, where clients do not look for them. */
export function* findMisplacedKeys({ spans }: Metainfo) {
  for (const key of INFO_KEYS) {
    if (spans.has(key)) yield `${key} stands outside info, where clients ignore it`
  }
}
