import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'
import { isByteString, type BencodeValue } from '../bencode/value.js'
import type { UnhashedMetainfo } from '../metainfo.js'
import type { DictChanges } from './splice-dict.js'
import { topLevelValue, type TorrentEdit } from './splice-torrent.js'

/**
 * The trackers of a torrent. A URL is the latin1 string of its bytes: they need not be UTF-8, and
 * must survive when another tracker is edited.
 */
export interface Trackers {
  readonly announce: string | null
  readonly tiers: readonly Tier[] | null
}

export type Tier = readonly string[]

/** The URL of a tracker as it stands in Trackers. */
export function trackerBytes(url: string): string {
  return Buffer.from(url).toString('latin1')
}

/** Sets `announce` and the announce list, or removes what is null. Equal values are left alone. */
export function setTrackers(wanted: Trackers): TorrentEdit {
  return (metainfo) => ({ top: trackerChanges(metainfo, wanted) })
}

/** Applies `change` to the trackers. If it returns the same object nothing is changed. */
export function changeTrackers(change: (trackers: Trackers) => Trackers): TorrentEdit {
  return (metainfo) => {
    const trackers = readTrackers(metainfo)
    const wanted = change(trackers)
    return wanted === trackers ? {} : { top: trackerChanges(metainfo, wanted) }
  }
}

/** The trackers of a torrent. A tracker in the place of a tier counts as a tier of one. */
export function readTrackers(metainfo: UnhashedMetainfo): Trackers {
  const announce = topLevelValue(metainfo, 'announce')
  const list = topLevelValue(metainfo, 'announce-list')
  return {
    announce: isByteString(announce) && announce.length > 0 ? latin1(announce) : null,
    tiers: readTiers(list),
  }
}

/** The announce list that a value is; null for what is none. */
export function readTiers(list: BencodeValue | undefined): Tier[] | null {
  return Array.isArray(list) ? list.map(readTier) : null
}

function readTier(tier: BencodeValue): Tier {
  return (Array.isArray(tier) ? tier : [tier]).filter(isByteString).map(latin1)
}

function trackerChanges(metainfo: UnhashedMetainfo, { announce, tiers }: Trackers): DictChanges {
  const old = readTrackers(metainfo)
  const changes = new Map<string, Uint8Array | null>()
  if (announce === null || announce !== old.announce) {
    changes.set('announce', announce === null ? null : encodeTracker(announce))
  }
  if (tiers === null || !isSameList(tiers, old.tiers)) {
    changes.set('announce-list', tiers === null ? null : encodeTiers(tiers))
  }
  return changes
}

/** The value of an announce list, encoded. */
export function encodeTiers(tiers: readonly Tier[]): Uint8Array {
  return encodeBencode(tiers.map((tier) => tier.map(bytesOf)))
}

/** Compares decoded lists, so that an equal list keeps its old bytes, however it is encoded. */
function isSameList(tiers: readonly Tier[], old: Trackers['tiers']): boolean {
  return JSON.stringify(tiers) === JSON.stringify(old)
}

/** The value of an announce, encoded. */
export function encodeTracker(url: string): Uint8Array {
  return encodeBencode(bytesOf(url))
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function bytesOf(url: string): Buffer {
  return Buffer.from(url, 'latin1')
}
