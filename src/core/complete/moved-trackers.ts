import { DEFAULT_MAX_DEPTH, readBencode } from '../../metainfo/bencode/read.js'
import { encodedValue } from '../../metainfo/edit/splice-torrent.js'
import {
  encodeTiers,
  encodeTracker,
  readTiers,
  readTrackers,
  type Tier,
} from '../../metainfo/edit/trackers.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { KeyDigests } from '../../state/torrents/record.js'
import { digestValue } from './digest-value.js'

// Clients that find an announce list use no tracker but those in it (BEP 12), so the list and the
// announce go together although they are edited one by one.

/** Encoded values beside `info`, by their keys. */
type Beside = ReadonlyMap<string, Uint8Array>

/**
 * An announce list that somebody edited, encoded, with the announce that is wanted now in the place of
 * the one that was written, or without that where the list has the other already. Null when no tracker
 * is left, undefined when the list stays as it is. `written` has the digests of the values that the
 * torrent was given.
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
  if (!isMoved || !tiers || digestOf(existing, 'announce-list') === listBefore) return undefined
  const isOld = (url: string) => digestValue(encodeTracker(url)) === before
  if (!tiers.flat().some(isOld)) return undefined
  const url = now ? readTracker(now) : null
  const replaced = replaceTracker(tiers, isOld, url)
  return replaced.length > 0 ? encodeTiers(replaced) : null
}

/** `url` takes the place of the first such tracker, unless it is there; the others go. */
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
 * What is wanted, with an announce that somebody edited as the first tier of the announce list, where
 * that is ours and has it nowhere.
 */
export function joinAnnounce(existing: Metainfo, wanted: Beside, written: KeyDigests): Beside {
  const list = wanted.get('announce-list')
  const { announce } = readTrackers(existing)
  if (!list || announce === null) return wanted
  const isOurs = digestOf(existing, 'announce-list') === written['announce-list']
  if (!isOurs || digestOf(existing, 'announce') === written['announce']) return wanted
  const tiers = readTiers(decode(list)) ?? []
  if (tiers.flat().includes(announce)) return wanted
  return new Map(wanted).set('announce-list', encodeTiers([[announce], ...tiers]))
}

function digestOf(existing: Metainfo, key: string): string | undefined {
  const value = encodedValue(existing, key)
  return value && digestValue(value)
}

function readTracker(announce: Uint8Array): string {
  return Buffer.from(decode(announce) as Uint8Array).toString('latin1')
}

function decode(bytes: Uint8Array) {
  return readBencode(bytes, { maxSize: bytes.length, maxDepth: DEFAULT_MAX_DEPTH }).value
}
