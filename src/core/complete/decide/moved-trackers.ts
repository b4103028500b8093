import { DEFAULT_MAX_DEPTH } from '../../../metainfo/bencode/check.js'
import { readBencode } from '../../../metainfo/bencode/read.js'
import { encodedValue } from '../../../metainfo/edit/splice-torrent.js'
import {
  encodeTiers,
  encodeTracker,
  readTiers,
  readTrackers,
  type Tier,
} from '../../../metainfo/edit/trackers.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { KeyDigests } from '../../../state/torrent-log.js'
import { digestOf } from '../../../bytes.js'

// Clients that support announce lists ignore trackers outside them (BEP 12). Therefore the list and
// the announce URL are kept consistent, although they are edited separately.

/** Encoded values outside `info`, by key. */
type Beside = ReadonlyMap<string, Uint8Array>

/**
 * Updates an edited announce list. The wanted announce URL replaces the one that btkit wrote, or
 * that one is removed if the list already has the wanted one. Returns the encoded list; null if no
 * tracker is left; undefined if the list does not change. `written` has the digests of the values
 * that btkit wrote.
 */
export function moveTracker(
  existing: Metainfo,
  wanted: Beside,
  written: KeyDigests,
): Uint8Array | null | undefined {
  const { announce: before, 'announce-list': listBefore } = written
  const { tiers } = readTrackers(existing)
  const now = wanted.get('announce')
  const isMoved = before !== undefined && before !== (now && digestValue(now))
  if (!isMoved || !tiers || digestOfKey(existing, 'announce-list') === listBefore) return undefined
  const isOld = (url: string) => digestValue(encodeTracker(url)) === before
  if (!tiers.flat().some(isOld)) return undefined
  const url = now ? readTracker(now) : null
  const replaced = replaceTracker(tiers, isOld, url)
  return replaced.length > 0 ? encodeTiers(replaced) : null
}

/** Replaces the first matching tracker by `url`, unless the list has it; removes the others. */
function replaceTracker(
  tiers: readonly Tier[],
  isOld: (url: string) => boolean,
  url: string | null,
): Tier[] {
  let next = url === null || tiers.flat().includes(url) ? [] : [url]
  const replaced = tiers.map((tier) => {
    return tier.flatMap((other) => {
      if (!isOld(other)) return [other]
      const place = next
      next = []
      return place
    })
  })
  return replaced.filter((tier) => tier.length > 0)
}

/**
 * Returns the wanted values. An edited announce URL becomes the first tier of the announce list, if
 * btkit wrote the list and the list does not have the URL.
 */
export function joinAnnounce(existing: Metainfo, wanted: Beside, written: KeyDigests): Beside {
  const list = wanted.get('announce-list')
  const { announce } = readTrackers(existing)
  if (!list || announce === null) return wanted
  const isOurs = digestOfKey(existing, 'announce-list') === written['announce-list']
  if (!isOurs || digestOfKey(existing, 'announce') === written['announce']) return wanted
  const tiers = readTiers(decode(list)) ?? []
  if (tiers.flat().includes(announce)) return wanted
  return new Map(wanted).set('announce-list', encodeTiers([[announce], ...tiers]))
}

function digestOfKey(existing: Metainfo, key: string): string | undefined {
  const value = encodedValue(existing, key)
  return value && digestValue(value)
}

function readTracker(announce: Uint8Array): string {
  return Buffer.from(decode(announce) as Uint8Array).toString('latin1')
}

function decode(bytes: Uint8Array) {
  return readBencode(bytes, { maxSize: bytes.length, maxDepth: DEFAULT_MAX_DEPTH }).value
}

/** Bytes of the digest that shows whether a value was edited. */
const KEY_DIGEST = 6

/** Cached, because all torrents of a run share most values, and digests take time. */
const digestsOfValues = new Map<string, string>()
const MOST_DIGESTS = 1000

/** Returns the digest that shows whether the encoded value of a key was edited. */
export function digestValue(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
  const known = digestsOfValues.get(text)
  if (known !== undefined) return known
  const digest = digestOf('sha256', value).toString('base64', 0, KEY_DIGEST)
  if (digestsOfValues.size >= MOST_DIGESTS) digestsOfValues.clear()
  digestsOfValues.set(text, digest)
  return digest
}
