import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'
import { isByteString, type BencodeValue } from '../bencode/value.js'
import { topLevelValue, type TorrentEdit } from './splice-torrent.js'
import type { Metainfo } from '../metainfo.js'

/** The keys of lists that are edited entry by entry; those of trackers have tiers. */
export type ListKey = 'httpseeds' | 'url-list' | 'nodes' | 'similar' | 'collections'

/** Changes to a list, made in this order. */
export interface ListSteps<T> {
  /** What takes the place of the whole list; null to begin with the list as it is. */
  readonly set: readonly T[] | null
  readonly remove: readonly T[]
  /** What to have at the beginning, also if it is in the list already. */
  readonly prepend: readonly T[]
  /** What to have at the end, unless it is in the list already. */
  readonly add: readonly T[]
}

/** An entry of a list as the latin1 string of its bencode, by which entries are compared. */
type Entry = string

/** Lists that may be inside `info` as well, and then count together with those beside it (BEP 38). */
const IN_INFO: readonly ListKey[] = ['similar', 'collections']

/**
 * Changes a list of a torrent. Other entries stay as they are, whatever they are, and a list that
 * is empty then leaves no key behind. Of a list that is inside `info`, entries are only removed
 * there: what is new goes beside `info`, so that the info hash stays.
 */
export function changeList(key: ListKey, steps: ListSteps<BencodeValue>): TorrentEdit {
  const encoded = encodeSteps(steps)
  return (metainfo) => {
    const inside = IN_INFO.includes(key) ? entriesOf(metainfo.info.get(key)) : []
    const kept = inside.filter((entry) => isKept(entry, encoded))
    const beside = entriesOf(topLevelValue(metainfo, key))
    return {
      top: changesOf(key, beside, takeSteps(beside, withoutThose(kept, encoded))),
      info: changesOf(key, inside, kept),
    }
  }
}

function encodeSteps({ set, remove, prepend, add }: ListSteps<BencodeValue>): ListSteps<Entry> {
  return {
    set: set && unique(set.map(encodeEntry)),
    remove: remove.map(encodeEntry),
    prepend: unique(prepend.map(encodeEntry)),
    add: unique(add.map(encodeEntry)),
  }
}

function encodeEntry(value: BencodeValue): Entry {
  return Buffer.from(encodeBencode(value)).toString('latin1')
}

/** A single seed may stand as a string, and an empty one for none. */
function entriesOf(value: BencodeValue | undefined): Entry[] {
  if (Array.isArray(value)) return value.map(encodeEntry)
  return isByteString(value) && value.length > 0 ? [encodeEntry(value)] : []
}

function isKept(entry: Entry, { set, remove }: ListSteps<Entry>): boolean {
  return !remove.includes(entry) && (set === null || set.includes(entry))
}

/** The steps without what is there already, in the other of two lists. */
function withoutThose(there: readonly Entry[], steps: ListSteps<Entry>): ListSteps<Entry> {
  const without = (list: readonly Entry[]) => list.filter((entry) => !there.includes(entry))
  const { set, remove, prepend, add } = steps
  return { set: set && without(set), remove, prepend: without(prepend), add: without(add) }
}

function takeSteps(list: readonly Entry[], { set, remove, prepend, add }: ListSteps<Entry>) {
  const left = (set ?? list).filter((entry) => !remove.includes(entry) && !prepend.includes(entry))
  const missing = add.filter((entry) => !left.includes(entry) && !prepend.includes(entry))
  return [...prepend, ...left, ...missing]
}

/** Nothing when the entries are the same, however the list is spelled. */
function changesOf(key: ListKey, old: readonly Entry[], list: readonly Entry[]) {
  const isSame = old.length === list.length && old.every((entry, at) => entry === list[at])
  const changes = new Map<string, Uint8Array | null>()
  if (isSame) return changes
  return changes.set(key, list.length > 0 ? Buffer.from(`l${list.join('')}e`, 'latin1') : null)
}

function unique(list: readonly Entry[]): Entry[] {
  return [...new Set(list)]
}

/** The keys of HTTP seeds (BEP 17) and of web seeds (BEP 19). */
export type SeedKey = 'httpseeds' | 'url-list'

/** The seeds that a torrent has under a key; a plain string is a list of one. */
export function seedsOf(
  { httpSeeds, webSeeds }: Pick<Metainfo, 'httpSeeds' | 'webSeeds'>,
  key: SeedKey,
): string[] | null {
  return key === 'httpseeds' ? httpSeeds : webSeeds
}

/**
 * Sets seeds, or removes them when `urls` is null. Seeds that are the same already are left alone.
 */
export function setSeeds(key: SeedKey, urls: readonly string[] | null): TorrentEdit {
  return (metainfo) => {
    const isSame = urls !== null && JSON.stringify(urls) === JSON.stringify(seedsOf(metainfo, key))
    if (isSame) return {}
    const value = urls && encodeBencode(urls.map((url) => Buffer.from(url)))
    return { top: new Map([[key, value]]) }
  }
}
