import { Buffer } from 'node:buffer'
import { decodeBencode } from '../bencode/decode.js'
import { EncodedDict } from '../bencode/encoded-dict.js'
import type { BencodeDict, BencodeValue, Span } from '../bencode/value.js'
import { encodedInfo, hasSameInfo, infoBytes, type UnhashedMetainfo } from '../metainfo.js'
import { encodeBencode } from '../bencode/encode.js'
import { CONTENT_KEYS } from '../other-keys.js'

/** Changes to the top-level dictionary of a torrent and to its `info`. */
interface TorrentChanges {
  readonly top?: DictChanges
  /** Any change here changes the info hash. */
  readonly info?: DictChanges
}

/** Computes the changes to a torrent. */
export type TorrentEdit = (metainfo: UnhashedMetainfo) => TorrentChanges

/**
 * Applies changes to a torrent. All bytes except the changed entries are preserved, including white
 * space after the end. Returns the same array if nothing changes.
 */
export function spliceTorrent(
  metainfo: UnhashedMetainfo,
  { top, info }: TorrentChanges,
): Uint8Array {
  const changes = new Map(top)
  if (info !== undefined && info.size > 0) {
    changes.set('info', spliceDict(encodedInfo(metainfo), info))
  }
  return spliceTopLevel(metainfo, changes)
}

/** Signs `info` (BEP 35). */
const SIGNATURES = 'signatures'

/**
 * Changes top-level entries of a torrent as spliceDict does. Signatures of another `info` would be
 * false, so they are removed.
 */
export function spliceTopLevel(metainfo: UnhashedMetainfo, changes: DictChanges): Uint8Array {
  const info = changes.get('info')
  const isOther = info && Buffer.compare(info, infoBytes(metainfo)) !== 0
  const signatures = isOther ? ([[SIGNATURES, null]] as const) : []
  return spliceDict(metainfo, new Map([...signatures, ...changes]))
}

/** Says for people whether a torrent lost its signatures with its `info`. */
export function lostSignatures(before: UnhashedMetainfo, after: UnhashedMetainfo): string[] {
  const isLost = before.spans.has(SIGNATURES) && !after.spans.has(SIGNATURES)
  if (!isLost || hasSameInfo(before, after)) return []
  return ['without its signatures (BEP 35), which sign the old info']
}

/**
 * Returns a value of a dictionary, such as a torrent, as encoded; undefined if it does not exist.
 */
export function encodedValue(
  { bytes, spans }: Pick<EncodedDict, 'bytes' | 'spans'>,
  key: string,
): Uint8Array | undefined {
  const span = spans.get(key)
  return span && bytes.subarray(span.start, span.end)
}

/** Returns a decoded top-level value. */
export function topLevelValue(
  { bytes, spans }: UnhashedMetainfo,
  key: string,
): BencodeValue | undefined {
  return new EncodedDict(bytes, spans).get(key)
}

/** Combines edits. No two of them may change the same key. */
export function combineEdits(edits: readonly TorrentEdit[]): TorrentEdit {
  return (metainfo) => {
    const changes = edits.map((edit) => edit(metainfo))
    return {
      top: new Map(changes.flatMap(({ top }) => [...(top ?? [])])),
      info: new Map(changes.flatMap(({ info }) => [...(info ?? [])])),
    }
  }
}

/**
 * Returns the entries of `info` that do not describe the content: private, source and unknown keys.
 */
export function keptInfo(metainfo: UnhashedMetainfo): BencodeDict {
  return otherEntries(metainfo, [...CONTENT_KEYS, 'attr', 'symlink path'])
}

/** Returns the entries of `info` without those of some keys. */
export function otherEntries(
  { bytes, infoSpans }: UnhashedMetainfo,
  keys: Iterable<string>,
): BencodeDict {
  const left = new Map(infoSpans)
  for (const key of keys) left.delete(key)
  return new Map([...left].map(([key, { start }]) => [key, decodeBencode(bytes, start)]))
}

/**
 * Changes to entries of a dictionary, by key: the new encoded value, or null to remove the entry.
 */
export type DictChanges = ReadonlyMap<string, Uint8Array | null>

/**
 * Changes entries of an encoded dictionary, and preserves all other bytes, also those behind its
 * end. A new entry goes to its place in the sort order. In an unsorted dictionary it goes behind
 * the largest of the smaller keys. Returns the same array if nothing changes.
 */
export function spliceDict(
  dict: Pick<EncodedDict, 'bytes' | 'spans'>,
  changes: DictChanges,
): Uint8Array {
  const cuts = [...changes].flatMap(([key, value]) => cutFor(dict, key, value))
  if (cuts.length === 0) return dict.bytes
  // At the same offset, insertions come first, sorted by key
  cuts.sort((a, b) => a.start - b.start || a.end - b.end || (a.key < b.key ? -1 : 1))
  const parts: Uint8Array[] = []
  let at = 0
  for (const { start, end, insert } of cuts) {
    parts.push(dict.bytes.subarray(at, start), ...insert)
    at = end
  }
  parts.push(dict.bytes.subarray(at))
  return Buffer.concat(parts)
}

/** A range of bytes to remove, and what to insert there. */
interface Cut {
  readonly start: number
  readonly end: number
  readonly key: string
  readonly insert: readonly Uint8Array[]
}

function cutFor(
  { bytes, spans }: Pick<EncodedDict, 'bytes' | 'spans'>,
  key: string,
  value: Uint8Array | null,
): Cut[] {
  const span = spans.get(key)
  if (span === undefined) {
    if (value === null) return []
    const start = placeFor(key, spans)
    return [{ start, end: start, key, insert: [encodeBencode(Buffer.from(key, 'latin1')), value] }]
  }
  const { keyStart, start, end } = span
  if (value === null) return [{ start: keyStart, end, key, insert: [] }]
  const isSame = Buffer.compare(bytes.subarray(start, end), value) === 0
  return isSame ? [] : [{ start, end, key, insert: [value] }]
}

/**
 * Returns the end of the entry after which a new key belongs. If there is none, returns 1: after
 * the dictionary's `d`.
 */
function placeFor(key: string, spans: ReadonlyMap<string, Span>): number {
  let place = 1
  let before: string | null = null
  for (const [other, { end }] of spans) {
    if (other < key && (before === null || other > before)) {
      before = other
      place = end
    }
  }
  return place
}
