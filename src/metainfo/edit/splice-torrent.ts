import { DEFAULT_MAX_DEPTH, readBencode } from '../bencode/read.js'
import type { BencodeValue, BencodeDict } from '../bencode/value.js'
import type { UnhashedMetainfo } from '../metainfo.js'
import { spliceDict, type DictChanges, type EncodedDict } from './splice-dict.js'

/** The keys of `info` that describe the content, in either version. */
const CONTENT_KEYS = [
  'attr',
  'file tree',
  'files',
  'length',
  'meta version',
  'name',
  'piece length',
  'pieces',
  'symlink path',
]

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
  return spliceDict(metainfo, changes)
}

/** Returns the `info` of a torrent as encoded in the file. */
export function encodedInfo({ bytes, infoSpan }: UnhashedMetainfo): EncodedDict {
  const info = bytes.subarray(infoSpan.start, infoSpan.end)
  return { bytes: info, spans: read(info).spans }
}

/** Returns a top-level value as encoded in the file; undefined if it does not exist. */
export function encodedValue(
  { bytes, spans }: UnhashedMetainfo,
  key: string,
): Uint8Array | undefined {
  const span = spans.get(key)
  return span && bytes.subarray(span.start, span.end)
}

/** Returns a decoded top-level value. */
export function topLevelValue(metainfo: UnhashedMetainfo, key: string): BencodeValue | undefined {
  const bytes = encodedValue(metainfo, key)
  return bytes && read(bytes).value
}

/** Decodes a part of a torrent that was read successfully before. */
function read(bytes: Uint8Array) {
  return readBencode(bytes, { maxSize: bytes.length, maxDepth: DEFAULT_MAX_DEPTH })
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
export function keptInfo({ info }: UnhashedMetainfo): BencodeDict {
  return new Map([...info].filter(([key]) => !CONTENT_KEYS.includes(key)))
}
