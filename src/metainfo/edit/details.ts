import { encodeBencode } from '../bencode/encode.js'
import { Buffer } from 'node:buffer'
import { checkBencode, DEFAULT_MAX_DEPTH } from '../bencode/check.js'
import { BtkitError } from '../../errors.js'
import { LARGEST_SECONDS } from '../parse/optional-fields.js'
import { encodedInfo, type UnhashedMetainfo } from '../metainfo.js'
import { type DictChanges, type TorrentEdit, topLevelValue } from './splice-torrent.js'
import { isBlank, isByteString, type BencodeValue } from '../bencode/value.js'

/** Values to set. Null removes a value; undefined keeps it. */
export interface Details {
  readonly comment?: string | null | undefined
  readonly createdBy?: string | null | undefined
  /** Seconds since 1970. */
  readonly creationDate?: number | null | undefined
  /** Part of `info`: changing it changes the info hash. */
  readonly private?: boolean | undefined
  /** Part of `info`: changing it changes the info hash. */
  readonly source?: string | null | undefined
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

/** Returns an edit that sets values other than content, trackers and seeds. */
export function setDetails(details: Details): TorrentEdit {
  const { comment, createdBy, creationDate, source } = details
  return ({ spans, infoSpans, private: isPrivate }) => {
    const top: GatheredChanges = new Map()
    const info: GatheredChanges = new Map()
    if (comment !== undefined) changeText(top, { key: 'comment', text: comment }, spans)
    if (createdBy !== undefined) changeText(top, { key: 'created by', text: createdBy }, spans)
    if (creationDate !== undefined) {
      top.set('creation date', creationDate === null ? null : encodeBencode(creationDate))
    }
    // A 0 and a missing value mean the same
    if (details.private !== undefined && details.private !== isPrivate) {
      info.set('private', details.private ? encodeBencode(1) : null)
    }
    if (source !== undefined) changeText(info, { key: 'source', text: source }, infoSpans)
    return { top, info }
  }
}

/** Collects changes to a dictionary. */
type GatheredChanges = Map<string, Uint8Array | null>

/**
 * Sets a text in a dictionary, or removes it if it is null. A second key with the suffix `.utf-8`
 * is changed in the same way if it exists. Old programs wrote it beside text in a local encoding,
 * and some clients prefer it.
 */
function changeText(
  changes: GatheredChanges,
  entry: { readonly key: string; readonly text: string | null },
  keys: { has(key: string): boolean },
): void {
  const { key, text } = entry
  const value = text === null ? null : encodeBencode(Buffer.from(text))
  changes.set(key, value)
  const twin = `${key}.utf-8`
  if (keys.has(twin)) changes.set(twin, value)
}

/** Returns an edit that renames a torrent, which changes its info hash. */
export function setName(name: string): TorrentEdit {
  return (metainfo) => {
    const info: GatheredChanges = new Map()
    changeText(info, { key: 'name', text: name }, metainfo.infoSpans)
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
 * Returns the entries of a list. A single seed may be a plain string, and a blank text is no seed.
 */
function entriesOf(value: BencodeValue | undefined): Entry[] {
  const entries = Array.isArray(value) ? value : isByteString(value) ? [value] : []
  return entries.filter((entry) => !isBlank(entry)).map(encodeEntry)
}

function takeSteps(list: readonly Entry[], { set, remove, add }: ListSteps<Entry>) {
  const left = (set ?? list).filter((entry) => !remove.includes(entry))
  return [...left, ...add.filter((entry) => !left.includes(entry))]
}

/** Returns no changes if the entries are equal, even if the list is encoded differently. */
function changesOf(key: SeedKey, old: readonly Entry[], list: readonly Entry[]): DictChanges {
  if (list.length === 0) return new Map([[key, null]])
  const isSame = old.length === list.length && old.every((entry, at) => entry === list[at])
  return new Map(isSame ? [] : [[key, Buffer.from(`l${list.join('')}e`, 'latin1')]])
}

function unique(list: readonly Entry[]): Entry[] {
  return [...new Set(list)]
}

/** The keys of HTTP seeds (BEP 17) and of web seeds (BEP 19). */
export type SeedKey = 'httpseeds' | 'url-list'

/** Returns an edit that sets seeds, or removes them if `urls` is null. */
export function setSeeds(key: SeedKey, urls: readonly string[] | null): TorrentEdit {
  return changeSeeds(key, { set: (urls ?? []).map((url) => Buffer.from(url)), remove: [], add: [] })
}
