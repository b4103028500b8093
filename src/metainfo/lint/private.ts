import type { Metainfo } from '../metainfo.js'
import { trackersOf } from './trackers.js'

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

/** Keys that count inside `info` only, but stand beside it. */
const INFO_KEYS = ['private', 'source']

/** A private flag or source outside `info`, where clients do not look for them. */
export function* findMisplacedKeys({ spans }: Metainfo) {
  for (const key of INFO_KEYS) {
    if (spans.has(key)) yield `${key} stands outside info, where clients ignore it`
  }
}
