import { encodeBencode } from '../bencode/encode.js'
import { Buffer } from 'node:buffer'
import { DEFAULT_MAX_DEPTH, readBencode } from '../bencode/read.js'
import type { UnhashedMetainfo } from '../metainfo.js'
import { encodedInfo, type TorrentEdit } from './splice-torrent.js'

/** What to set; null removes, and what is undefined stays. */
export interface Details {
  readonly comment?: string | null | undefined
  readonly createdBy?: string | null | undefined
  /** In seconds since 1970. */
  readonly creationDate?: number | null | undefined
  /** Inside `info`, so that the info hash changes. */
  readonly private?: boolean | undefined
  /** Inside `info`, so that the info hash changes. */
  readonly source?: string | null | undefined
}

/** Sets what a torrent says beside its content, trackers and seeds. */
export function setDetails(details: Details): TorrentEdit {
  const { comment, createdBy, creationDate, source } = details
  return ({ spans, info: oldInfo, private: isPrivate }) => {
    const top: GatheredChanges = new Map()
    const info: GatheredChanges = new Map()
    if (comment !== undefined) changeText(top, { key: 'comment', text: comment }, spans)
    if (createdBy !== undefined) changeText(top, { key: 'created by', text: createdBy }, spans)
    if (creationDate !== undefined) {
      top.set('creation date', creationDate === null ? null : encodeBencode(creationDate))
    }
    // A 0 and no value at all mean the same
    if (details.private !== undefined && details.private !== isPrivate) {
      info.set('private', details.private ? encodeBencode(1) : null)
    }
    if (source !== undefined) changeText(info, { key: 'source', text: source }, oldInfo)
    return { top, info }
  }
}

/** Changes to a dictionary while they are gathered. */
type GatheredChanges = Map<string, Uint8Array | null>

/**
 * Sets a text of a dictionary, or removes it when null. So it does with a second key that ends in
 * `.utf-8`, if there is one: old programs wrote it beside text in a local encoding, and some
 * clients prefer it.
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

/** Gives a torrent another name, and therefore another info hash. */
export function setName(name: string): TorrentEdit {
  return (metainfo) => {
    const info: GatheredChanges = new Map()
    changeText(info, { key: 'name', text: name }, metainfo.info)
    const hasTree = metainfo.version !== 'v1'
    if (hasTree && !metainfo.isDirectory) info.set('file tree', renameInTree(metainfo, name))
    return { info }
  }
}

/** In version 2 the file of a torrent of a single file has its own name as well (BEP 52). */
function renameInTree(metainfo: UnhashedMetainfo, name: string): Uint8Array | null {
  const { bytes, spans } = encodedInfo(metainfo)
  const span = spans.get('file tree')
  if (span === undefined) return null
  const tree = bytes.subarray(span.start, span.end)
  const limits = { maxSize: tree.length, maxDepth: DEFAULT_MAX_DEPTH }
  const [file] = readBencode(tree, limits).spans.values()
  const key = encodeBencode(Buffer.from(name))
  return Buffer.concat([tree.subarray(0, file?.keyStart), key, tree.subarray(file?.start)])
}
