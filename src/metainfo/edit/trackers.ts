import { latin1 } from '../../base/bytes.js'
import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'
import { isBlank, isByteString, type BencodeValue } from '../bencode/value.js'
import type { UnhashedMetainfo } from '../metainfo.js'
import { type DictChanges, topLevelValue, type TorrentEdit } from './splice-torrent.js'
import { BtkitError } from '../../base/errors.js'
import { checkSeed, checkTracker, isSeed, isTracker } from '../trackers.js'

/**
 * The trackers of a torrent. A URL is the latin1 string of its bytes, because they need not be
 * UTF-8 and must survive edits of other trackers.
 */
export interface Trackers {
  readonly announce: string | null
  readonly tiers: readonly Tier[] | null
}

export type Tier = readonly string[]

/** Converts a tracker's URL to the form in Trackers. */
export function trackerBytes(url: string): string {
  return Buffer.from(url).toString('latin1')
}

/**
 * Returns an edit that applies `change` to the trackers. Nothing changes if it returns the same
 * object.
 */
export function changeTrackers(change: (trackers: Trackers) => Trackers): TorrentEdit {
  return (metainfo) => {
    const trackers = readTrackers(metainfo)
    const wanted = change(trackers)
    return wanted === trackers ? {} : { top: trackerChanges(metainfo, wanted) }
  }
}

/**
 * Reads the trackers of a torrent. A tracker in place of a tier counts as a tier of one. A blank
 * text is no tracker.
 */
export function readTrackers(metainfo: UnhashedMetainfo): Trackers {
  const announce = topLevelValue(metainfo, 'announce')
  const list = topLevelValue(metainfo, 'announce-list')
  return {
    announce: isByteString(announce) && !isBlank(announce) ? latin1(announce) : null,
    tiers: readTiers(list),
  }
}

/** Reads an announce list from a value; null if it is not a list. */
export function readTiers(list: BencodeValue | undefined): Tier[] | null {
  return Array.isArray(list) ? list.map(readTier) : null
}

function readTier(tier: BencodeValue): Tier {
  const trackers = (Array.isArray(tier) ? tier : [tier]).filter(isByteString)
  return trackers.filter((tracker) => !isBlank(tracker)).map(latin1)
}

function trackerChanges(metainfo: UnhashedMetainfo, { announce, tiers }: Trackers): DictChanges {
  const old = readTrackers(metainfo)
  const changes = new Map<string, Uint8Array | null>()
  if (announce === null || announce !== old.announce) {
    changes.set('announce', announce === null ? null : encodeTracker(announce))
  }
  // Decoded lists are compared, so that an equal list keeps its bytes, however it is encoded
  if (tiers === null || JSON.stringify(tiers) !== JSON.stringify(old.tiers)) {
    changes.set('announce-list', tiers === null ? null : encodeTiers(tiers))
  }
  return changes
}

/** Encodes an announce list. */
export function encodeTiers(tiers: readonly Tier[]): Uint8Array {
  return encodeBencode(tiers.map((tier) => tier.map(bytesOf)))
}

/** Encodes an announce URL. */
export function encodeTracker(url: string): Uint8Array {
  return encodeBencode(bytesOf(url))
}

function bytesOf(url: string): Buffer {
  return Buffer.from(url, 'latin1')
}

/** A replacement of a URL. */
export interface TrackerReplacement {
  /** A whole URL, or a prefix that ends at the end of a URL part. */
  readonly from: string
  readonly to: string
}

const PART_END = /[/:?]/

/** A kind of URLs in torrents, and how one that was typed is checked. */
interface UrlKind {
  readonly words: string
  /** A pattern of their schemes. */
  readonly schemes: string
  readonly isRight: (url: string) => boolean
  readonly check: (url: string) => string
}

export const TRACKERS: UrlKind = {
  words: 'tracker',
  schemes: 'https?|udp|wss?',
  isRight: isTracker,
  check: checkTracker,
}
export const WEB_SEEDS: UrlKind = {
  words: 'web seed',
  schemes: 'https?|ftp',
  isRight: isSeed,
  check: (url) => checkSeed(url, 'web seed'),
}

/**
 * Parses `OLD=NEW`. OLD ends at the `=` before NEW's scheme.
 * @throws BtkitError `usage`
 */
export function parseReplacement(
  text: string,
  { words, schemes, check }: UrlKind = TRACKERS,
): TrackerReplacement {
  const splits = [...text.matchAll(new RegExp(`=(?=(?:${schemes})://)`, 'gi'))]
  const at = splits[0]?.index ?? 0
  const [from, to] = [text.slice(0, at), text.slice(at + 1)]
  if (from === '') throw usage(text, `not of the form OLD=NEW with NEW a ${words} URL`)
  if (splits.length > 1) throw usage(text, "more than one '=' stands before a URL")
  const stored = new RegExp(`^(${schemes})://$`, 'i').test(to) ? to : check(to)
  if (endsPart(from) && !endsPart(to)) {
    throw usage(text, `OLD ends in '${from.slice(-1)}', so NEW must end in '/', ':' or '?' too`)
  }
  return { from, to: stored }
}

/**
 * Replaces a URL that equals `from` or begins with it; returns any other URL unchanged.
 * `from` must end at the end of a URL part, at `/`, `:` or `?`. Therefore `http://a.example` does
 * not match `http://a.example.org`.
 * @throws BtkitError `metainfo` if the result is no URL of its kind
 */
export function replaceUrl(
  url: string,
  { from, to }: TrackerReplacement,
  { words, isRight }: UrlKind = TRACKERS,
): string {
  const result = substitute(url, { from, to })
  if (result === url || isRight(result)) return result
  const reason = `would become '${result}', which is not a ${words} URL`
  throw new BtkitError('metainfo', `${words} '${url}': ${reason}`)
}

/** Returns the URL after a replacement, or the same URL. It may be none of its kind. */
export function substitute(url: string, { from, to }: TrackerReplacement): string {
  return isReplaced(url, from) ? to + url.slice(from.length) : url
}

/** Whether a URL equals `from`, or begins with it at the end of a URL part. */
export function isReplaced(url: string, from: string): boolean {
  if (!url.startsWith(from)) return false
  const next = url.charAt(from.length)
  return next === '' || endsPart(from) || endsPart(next)
}

function endsPart(url: string): boolean {
  return PART_END.test(url.slice(-1))
}

function usage(text: string, reason: string): BtkitError {
  return new BtkitError('usage', `replacement '${text}': ${reason}`)
}

/** Changes to single trackers, applied in this order. */
export interface TrackerSteps {
  /** Replaces all trackers; null keeps them. */
  readonly set: readonly Tier[] | null
  /** Whole URLs to remove. */
  readonly remove: readonly string[]
  /** Functions that return the new URL of a tracker, or the same URL for no change. */
  readonly replace: readonly ((url: string) => string)[]
  /** Trackers to add unless the list has them, each as a new last tier. */
  readonly add: readonly string[]
}

/**
 * Applies the steps to a torrent's trackers. If any step has an effect, the result is normalized.
 * No tier contains a tracker twice, and no tier or list is empty. `announce` is the first tracker
 * of the list; an `announce` that was in no tier becomes the first tier. Without an effect, returns
 * the same object.
 */
export function takeTrackerSteps(trackers: Trackers, steps: TrackerSteps): Trackers {
  const { set } = steps
  // A single tracker gets no announce list
  const tiers = set && set.flat().length > 1 ? set : null
  const begun = set === null ? trackers : { announce: set[0]?.[0] ?? null, tiers }
  const kept = mapTrackers(begun, (url) => (steps.remove.includes(url) ? null : url))
  const replaced = mapTrackers(kept, (url) => {
    return steps.replace.reduce((result, replace) => replace(result), url)
  })
  const result = addTrackers(replaced, steps.add)
  return isSame(result, trackers) ? trackers : tidy(result)
}

function mapTrackers(
  { announce, tiers }: Trackers,
  change: (url: string) => string | null,
): Trackers {
  return {
    announce: announce === null ? null : change(announce),
    tiers: tiers?.map((tier) => tier.map(change).filter((url) => url !== null)) ?? null,
  }
}

/** Adds missing trackers. A single tracker gets no announce list. */
function addTrackers(trackers: Trackers, urls: readonly string[]): Trackers {
  const tiers = listAll(trackers)
  const missing = [...new Set(urls)].filter((url) => !tiers.flat().includes(url))
  if (missing.length === 0) return trackers
  const list = [...tiers, ...missing.map((url) => [url])]
  const first = list[0]?.[0] ?? null
  const isLone = list.length === 1 && trackers.tiers === null
  return { announce: first, tiers: isLone ? null : list }
}

function tidy(trackers: Trackers): Trackers {
  const isListEmpty = trackers.tiers?.every((tier) => tier.length === 0) ?? true
  if (isListEmpty) return { announce: trackers.announce, tiers: null }
  const tiers = listAll(trackers)
  return { announce: tiers[0]?.[0] ?? null, tiers }
}

/**
 * Returns all tiers, without repeated trackers or empty tiers. An `announce` that is in no tier
 * comes first.
 */
function listAll({ announce, tiers }: Trackers): Tier[] {
  const list = (tiers ?? []).map((tier) => [...new Set(tier)]).filter((tier) => tier.length > 0)
  return announce === null || list.flat().includes(announce) ? list : [[announce], ...list]
}

function isSame(a: Trackers, b: Trackers): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
