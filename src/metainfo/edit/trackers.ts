import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'
import { isByteString, type BencodeValue } from '../bencode/value.js'
import type { UnhashedMetainfo } from '../metainfo.js'
import type { DictChanges } from './splice-dict.js'
import { topLevelValue, type TorrentEdit } from './splice-torrent.js'

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
 * Returns an edit that sets `announce` and the announce list, or removes them if null. Equal values
 * are left unchanged.
 */
export function setTrackers(wanted: Trackers): TorrentEdit {
  return (metainfo) => ({ top: trackerChanges(metainfo, wanted) })
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

/** Reads the trackers of a torrent. A tracker in place of a tier counts as a tier of one. */
export function readTrackers(metainfo: UnhashedMetainfo): Trackers {
  const announce = topLevelValue(metainfo, 'announce')
  const list = topLevelValue(metainfo, 'announce-list')
  return {
    announce: isByteString(announce) && announce.length > 0 ? latin1(announce) : null,
    tiers: readTiers(list),
  }
}

/** Reads an announce list from a value; null if it is not a list. */
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

/** Encodes an announce list. */
export function encodeTiers(tiers: readonly Tier[]): Uint8Array {
  return encodeBencode(tiers.map((tier) => tier.map(bytesOf)))
}

/** Compares decoded lists, so that an equal list keeps its bytes, however it is encoded. */
function isSameList(tiers: readonly Tier[], old: Trackers['tiers']): boolean {
  return JSON.stringify(tiers) === JSON.stringify(old)
}

/** Encodes an announce URL. */
export function encodeTracker(url: string): Uint8Array {
  return encodeBencode(bytesOf(url))
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function bytesOf(url: string): Buffer {
  return Buffer.from(url, 'latin1')
}
