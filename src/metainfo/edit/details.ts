import { encodeBencode } from '../bencode/encode.js'
import { Buffer } from 'node:buffer'
import { checkBencode, DEFAULT_MAX_DEPTH } from '../bencode/check.js'
import { BtkitError } from '../../base/errors.js'
import { encodeField, FIELDS, TEXT_NAMES, type FieldValues, type SeedName } from '../fields.js'
import { LARGEST_SECONDS } from '../forms.js'
import { encodedInfo, type UnhashedMetainfo } from '../metainfo.js'
import { type TorrentEdit, topLevelValue } from './splice-torrent.js'
import { distinctSeeds, seedKey } from '../trackers.js'
import { isBlank, isByteString, type BencodeValue } from '../bencode/value.js'

/**
 * Values that an edit sets as a whole. Null removes one; undefined keeps it. Private and source are
 * part of `info`.
 */
export type Details = {
  readonly [N in (typeof DETAIL_NAMES)[number]]?: FieldValues[N] | undefined
}

/**
 * Checks a creation date in seconds. Programs in JavaScript may give milliseconds or a Date.
 * @throws BtkitError `usage`
 */
export function checkSeconds(date: number): number {
  if (Number.isInteger(date) && date <= LARGEST_SECONDS) return date
  const why = 'not seconds since 1970, such as Math.floor(ms / 1000)'
  throw new BtkitError('usage', `creationDate ${String(date)}: ${why}`)
}

const DETAIL_NAMES = [...TEXT_NAMES, 'creationDate', 'private', 'source'] as const

/** Returns an edit that sets values other than content, trackers and seeds. */
export function setDetails(details: Details): TorrentEdit {
  return (metainfo) => {
    const top: GatheredChanges = new Map()
    const info: GatheredChanges = new Map()
    for (const name of DETAIL_NAMES) {
      const value = details[name]
      const { key, place, form } = FIELDS[name]
      const [changes, keys] = place === 'top' ? [top, metainfo.spans] : [info, metainfo.infoSpans]
      // Another number that means the same stays; a 0 is removed as well
      if (value === undefined || (value === true && metainfo[name] === true)) continue
      const encoded = encodeField(name, value)
      if (form === 'text') changeText(changes, key, encoded, keys)
      else changes.set(key, encoded)
    }
    return { top, info }
  }
}

/** Collects changes to a dictionary. */
type GatheredChanges = Map<string, Uint8Array | null>

/**
 * Sets an encoded text in a dictionary, or removes it if it is null. A second key with the suffix
 * `.utf-8` is changed in the same way if it exists. Old programs wrote it beside text in a local
 * encoding, and some clients prefer it.
 */
function changeText(
  changes: GatheredChanges,
  key: string,
  encoded: Uint8Array | null,
  keys: { has(key: string): boolean },
): void {
  changes.set(key, encoded)
  const twin = `${key}.utf-8`
  if (keys.has(twin)) changes.set(twin, encoded)
}

/** Returns an edit that renames a torrent, which changes its info hash. */
export function setName(name: string): TorrentEdit {
  return (metainfo) => {
    const info: GatheredChanges = new Map()
    const encoded = encodeBencode(Buffer.from(name))
    changeText(info, 'name', encoded, metainfo.infoSpans)
    const hasTree = metainfo.version !== 'v1'
    if (hasTree && !metainfo.isDirectory) info.set('file tree', renameInTree(metainfo, name))
    return { info }
  }
}

/**
 * Renames the file in the tree of a single-file torrent: in version 2 it has its own name (BEP 52).
 */
function renameInTree(metainfo: UnhashedMetainfo, name: string): Uint8Array | null {
  const { bytes, spans } = encodedInfo(metainfo)
  const span = spans.get('file tree')
  if (span === undefined) return null
  const tree = bytes.subarray(span.start, span.end)
  const limits = { maxSize: tree.length, maxDepth: DEFAULT_MAX_DEPTH }
  const [file] = checkBencode(tree, limits).spans.values()
  const key = encodeBencode(Buffer.from(name))
  return Buffer.concat([tree.subarray(0, file?.keyStart), key, tree.subarray(file?.start)])
}

/** Changes to a list, applied in this order. */
export interface ListSteps<T> {
  /** Replaces the whole list; null keeps it. */
  readonly set: readonly T[] | null
  readonly remove: readonly T[]
  /** Functions that return the new URL of an entry, or the same URL for no change. */
  readonly replace?: readonly ((url: string) => string)[]
  /** Entries to add at the end unless the list has them. */
  readonly add: readonly T[]
}

/** An entry of a list as the latin1 string of its bencode, for comparison. */
type Entry = string

/**
 * Returns an edit that changes the seeds of a torrent. All other entries are preserved, and a list
 * that becomes empty is removed with its key.
 */
export function changeSeeds(name: SeedName, steps: ListSteps<BencodeValue>): TorrentEdit {
  const { key } = FIELDS[name]
  const set = steps.set && distinctSeeds(steps.set.map(encodeEntry), seedKeyOf)
  const remove = steps.remove.map(encodeEntry)
  const add = distinctSeeds(steps.add.map(encodeEntry), seedKeyOf)
  const replace = (entry: Entry) => {
    const { replace: all = [] } = steps
    const [head] = /^\d+:/.exec(entry) ?? []
    if (head === undefined) return entry
    const url = entry.slice(head.length)
    const now = all.reduce((result, each) => each(result), url)
    return now === url ? entry : encodeEntry(Buffer.from(now, 'latin1'))
  }
  return (metainfo) => {
    const old = entriesOf(topLevelValue(metainfo, key))
    const kept = (set ?? old).filter((entry) => !remove.includes(entry))
    const replaced = kept.map(replace)
    const isReplaced = replaced.some((entry, at) => entry !== kept[at])
    const left = isReplaced ? distinctSeeds(replaced, seedKeyOf) : kept
    const keys = new Set(left.map(seedKeyOf))
    const list = [...left, ...add.filter((entry) => !keys.has(seedKeyOf(entry)))]
    if (list.length === 0) return { top: new Map([[key, null]]) }
    // Equal entries are no change, even if the list is encoded differently
    const isSame = old.length === list.length && old.every((entry, at) => entry === list[at])
    const encoded = Buffer.from(`l${list.join('')}e`, 'latin1')
    return { top: new Map(isSame ? [] : [[key, encoded]]) }
  }
}

function encodeEntry(value: BencodeValue): Entry {
  return Buffer.from(encodeBencode(value)).toString('latin1')
}

/**
 * Returns the entries of a list. A single seed may be a plain string, and a blank text is no seed.
 */
function entriesOf(value: BencodeValue | undefined): Entry[] {
  const entries = Array.isArray(value) ? value : isByteString(value) ? [value] : []
  return entries.filter((entry) => !isBlank(entry)).map(encodeEntry)
}

/** The same for seeds at one address; another entry is its own key. */
function seedKeyOf(entry: Entry): string {
  return seedKey(entry.replace(/^\d+:/, ''))
}

/** Returns an edit that sets seeds, or removes them if `urls` is null. */
export function setSeeds(name: SeedName, urls: readonly string[] | null): TorrentEdit {
  const set = (urls ?? []).map((url) => Buffer.from(url))
  return changeSeeds(name, { set, remove: [], add: [] })
}
