import { DEFAULT_MAX_DEPTH, readBencode } from '../bencode/read.js'
import type { BencodeValue, BencodeDict } from '../bencode/value.js'
import type { UnhashedMetainfo } from '../metainfo.js'
import { spliceDict, type Allocate, type DictChanges, type EncodedDict } from './splice-dict.js'

/** The keys of `info` that say what the content is, in one version or the other. */
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

/** Changes to the entries of a torrent's top-level dictionary and of its `info`. */
interface TorrentChanges {
  readonly top?: DictChanges
  /** Whatever is changed here changes the info hash. */
  readonly info?: DictChanges
}

/** Computes the changes to a torrent. */
export type TorrentEdit = (metainfo: UnhashedMetainfo) => TorrentChanges

/**
 * The bytes of a torrent after changes, of which all but the changed entries are as they were,
 * white space after the end included. The very same array when nothing changes, else one of
 * `allocate`.
 */
export function spliceTorrent(
  metainfo: UnhashedMetainfo,
  { top, info }: TorrentChanges,
  allocate?: Allocate,
): Uint8Array {
  const changes = new Map(top)
  if (info !== undefined && info.size > 0) {
    changes.set('info', spliceDict(encodedInfo(metainfo), info))
  }
  return spliceDict(metainfo, changes, allocate)
}

/** The `info` of a torrent as it stands. */
export function encodedInfo({ bytes, infoSpan }: UnhashedMetainfo): EncodedDict {
  const info = bytes.subarray(infoSpan.start, infoSpan.end)
  return { bytes: info, spans: read(info).spans }
}

/** A top-level value as it stands; undefined when there is none. */
export function encodedValue(
  { bytes, spans }: UnhashedMetainfo,
  key: string,
): Uint8Array | undefined {
  const span = spans.get(key)
  return span && bytes.subarray(span.start, span.end)
}

/** A top-level value, decoded. */
export function topLevelValue(metainfo: UnhashedMetainfo, key: string): BencodeValue | undefined {
  const bytes = encodedValue(metainfo, key)
  return bytes && read(bytes).value
}

/** Decodes a part of a torrent, whose bytes have passed the reader before. */
function read(bytes: Uint8Array) {
  return readBencode(bytes, { maxSize: bytes.length, maxDepth: DEFAULT_MAX_DEPTH })
}

/** Joins edits into one. No two of them may change the same key. */
export function combineEdits(edits: readonly TorrentEdit[]): TorrentEdit {
  return (metainfo) => {
    const changes = edits.map((edit) => edit(metainfo))
    return {
      top: new Map(changes.flatMap(({ top }) => [...(top ?? [])])),
      info: new Map(changes.flatMap(({ info }) => [...(info ?? [])])),
    }
  }
}

/** What `info` says beside its content: private, source and unknown keys, as they stand. */
export function keptInfo({ info }: UnhashedMetainfo): BencodeDict {
  return new Map([...info].filter(([key]) => !CONTENT_KEYS.includes(key)))
}
