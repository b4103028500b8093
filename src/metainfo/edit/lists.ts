import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'
import { isByteString, type BencodeValue } from '../bencode/value.js'
import { topLevelValue, type TorrentEdit } from './splice-torrent.js'
import type { Metainfo } from '../metainfo.js'

/** Changes to a list, applied in this order. */
export interface ListSteps<T> {
  /** Replaces the whole list; null keeps it. */
  readonly set: readonly T[] | null
  readonly remove: readonly T[]
  /** Entries to add at the end unless the list has them. */
  readonly add: readonly T[]
}

/** An entry of a list as the latin1 string of its bencode, for comparison. */
type Entry = string

/**
 * Returns an edit that changes the seeds of a torrent. All other entries are preserved, and a list
 * that becomes empty is removed with its key.
 */
export function changeSeeds(key: SeedKey, steps: ListSteps<BencodeValue>): TorrentEdit {
  const encoded = encodeSteps(steps)
  return (metainfo) => {
    const old = entriesOf(topLevelValue(metainfo, key))
    return { top: changesOf(key, old, takeSteps(old, encoded)) }
  }
}

function encodeSteps({ set, remove, add }: ListSteps<BencodeValue>): ListSteps<Entry> {
  return {
    set: set && unique(set.map(encodeEntry)),
    remove: remove.map(encodeEntry),
    add: unique(add.map(encodeEntry)),
  }
}

function encodeEntry(value: BencodeValue): Entry {
  return Buffer.from(encodeBencode(value)).toString('latin1')
}

/**
 * Returns the entries of a list. A single seed may be a plain string, and an empty string means no
 * seeds.
 */
function entriesOf(value: BencodeValue | undefined): Entry[] {
  if (Array.isArray(value)) return value.map(encodeEntry)
  return isByteString(value) && value.length > 0 ? [encodeEntry(value)] : []
}

function takeSteps(list: readonly Entry[], { set, remove, add }: ListSteps<Entry>) {
  const left = (set ?? list).filter((entry) => !remove.includes(entry))
  return [...left, ...add.filter((entry) => !left.includes(entry))]
}

/** Returns no changes if the entries are equal, even if the list is encoded differently. */
function changesOf(key: SeedKey, old: readonly Entry[], list: readonly Entry[]) {
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

/** Returns a torrent's seeds under a key; a plain string becomes a list of one. */
export function seedsOf(
  { httpSeeds, webSeeds }: Pick<Metainfo, 'httpSeeds' | 'webSeeds'>,
  key: SeedKey,
): string[] | null {
  return key === 'httpseeds' ? httpSeeds : webSeeds
}

/**
 * Returns an edit that sets seeds, or removes them if `urls` is null. Equal seeds are left
 * unchanged.
 */
export function setSeeds(key: SeedKey, urls: readonly string[] | null): TorrentEdit {
  return (metainfo) => {
    const isSame = urls !== null && JSON.stringify(urls) === JSON.stringify(seedsOf(metainfo, key))
    if (isSame) return {}
    const value = urls && encodeBencode(urls.map((url) => Buffer.from(url)))
    return { top: new Map([[key, value]]) }
  }
}
