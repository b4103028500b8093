import { moveSpan } from './bencode/check.js'
import { EncodedDict } from './bencode/encoded-dict.js'
import type { BencodeDict, Span } from './bencode/value.js'
import type { FieldValues } from './fields.js'
import type { UnsafePath } from './parse/unsafe-path.js'
import { infoHashOfBytes, infoHashV2OfBytes } from './info-hash.js'
import type { InfoHashes, PieceLength } from './values.js'
import type { Warning } from './warning.js'
import { Buffer } from 'node:buffer'
import { digestOf } from '../base/bytes.js'

/** v1 is BEP 3, v2 is BEP 52, and a hybrid is one `info` with both. */
export type MetainfoVersion = 'v1' | 'v2' | 'hybrid'

/** A file of a torrent. */
export interface MetainfoFile {
  /** The path components below the torrent's name. For a single-file torrent, only its name. */
  readonly path: string[]
  /** Bytes of the file. */
  readonly length: number
  /** Whether it is a pad file (BEP 47, or named as BitComet does): zeros that fill up a piece. */
  readonly padding: boolean
  /**
   * The attribute letters of BEP 47: `x` executable, `l` symbolic link, `h` hidden, `p` pad file.
   */
  readonly attr: string
  /** For a symbolic link (`l`), the components of its target below the torrent's name. */
  readonly symlinkPath?: string[]
}

/** The files of a torrent in stream order, and their sums. Iterating does not keep the files. */
export interface ListedFiles extends Iterable<MetainfoFile> {
  /** Number of files, including pad files. */
  readonly count: number
  readonly padCount: number
  /** Bytes of all files. */
  readonly size: number
  readonly padSize: number
  /**
   * Whether each path is known to sort behind the one before it, by the bytes of its components.
   */
  readonly isSorted: boolean
}

/**
 * The state of a file's piece layer. `none`: the file needs no layer, because it has at most one
 * piece. `wrong`: the layer does not match the file's pieces root.
 */
export type LayerState = 'none' | 'ok' | 'missing' | 'wrong'

/** A file of the v2 file tree (BEP 52). */
export interface TreeFile {
  readonly file: MetainfoFile
  /** The root of its Merkle tree, 32 bytes; null for an empty file. */
  readonly piecesRoot: Uint8Array | null
  /**
   * The file's piece layer in the torrent: 32 bytes for each piece. Null if it is missing or not
   * needed.
   */
  readonly layer: Uint8Array | null
  readonly layerState: LayerState
}

/** A valid .torrent file with its info hashes. */
export interface Metainfo extends UnhashedMetainfo, InfoHashes {}

/** A valid .torrent file. Missing optional values are null. */
export interface UnhashedMetainfo extends FieldValues {
  /** The original file. */
  readonly bytes: Uint8Array
  /** Positions of the top-level entries in `bytes`. */
  readonly spans: Map<string, Span>
  /** `info`, decoded when it is first requested. */
  readonly info: BencodeDict
  readonly infoSpan: Span
  /** Positions of the entries of `info` in `bytes`. */
  readonly infoSpans: Map<string, Span>
  readonly version: MetainfoVersion
  readonly name: string
  /** Whether the files are in a directory called `name`. */
  readonly isDirectory: boolean
  /** Bytes of a piece. */
  readonly pieceLength: PieceLength
  readonly pieceCount: number
  /**
   * Total bytes: the length of the stream that is divided into pieces, including pad files. A
   * v2-only torrent has no such stream; its size is the sum of its files.
   */
  readonly size: number
  /** The files in stream order. A hybrid has its v1 files here, including pad files. */
  readonly fileList: ListedFiles
  /** The same as an array, which is created when it is first requested. */
  readonly files: MetainfoFile[]
  /** The files of the v2 file tree, in tree order; null for v1-only torrents. */
  readonly tree: readonly TreeFile[] | null
  /** SHA-1 digests of the pieces, 20 bytes each; null for v2-only torrents. */
  readonly pieces: Uint8Array | null
  /** Paths that are unsafe to create on a disk. */
  readonly unsafePaths: UnsafePath[]
  readonly warnings: Warning[]
}

/** Returns the bytes of a torrent's files without pad files. */
export function contentSize(torrent: Pick<Metainfo, 'fileList'> | Pick<Metainfo, 'files'>): number {
  if ('fileList' in torrent) return torrent.fileList.size - torrent.fileList.padSize
  return torrent.files.reduce((sum, { length, padding }) => (padding ? sum : sum + length), 0)
}

/** The files in stream order. A copy, as by structuredClone, has only the array. */
export function eachFile(torrent: Pick<Metainfo, 'fileList' | 'files'>): Iterable<MetainfoFile> {
  return Symbol.iterator in torrent.fileList ? torrent.fileList : torrent.files
}

/** Numbers of needed piece layers by state. */
export interface LayerHealth {
  readonly ok: number
  readonly missing: number
  readonly wrong: number
}

/** Counts the piece layers in a v2 file tree by state (BEP 52). */
export function countLayers(tree: readonly TreeFile[]): LayerHealth {
  const health = { ok: 0, missing: 0, wrong: 0 }
  for (const { layerState } of tree) if (layerState !== 'none') health[layerState] += 1
  return health
}

/** Returns the info hashes of a torrent of this version. */
export function infoHashesOf(info: Uint8Array, version: MetainfoVersion): InfoHashes {
  return {
    infoHash: version === 'v2' ? null : infoHashOfBytes(digestOf('sha1', info)),
    infoHashV2: version === 'v1' ? null : infoHashV2OfBytes(digestOf('sha256', info)),
  }
}

/**
 * Adds the info hashes to a torrent. They are computed from the original bytes, because encoding
 * `info` again could change it.
 */
export function withInfoHashes(metainfo: UnhashedMetainfo): Metainfo {
  return Object.assign(metainfo, infoHashesOf(infoBytes(metainfo), metainfo.version))
}

/** Whether two torrents have the same `info` bytes, and therefore the same info hashes. */
export function hasSameInfo(a: UnhashedMetainfo, b: UnhashedMetainfo): boolean {
  return Buffer.compare(infoBytes(a), infoBytes(b)) === 0
}

/** Returns the `info` of a torrent as encoded in the file. */
export function infoBytes({ bytes, infoSpan }: UnhashedMetainfo): Uint8Array {
  return bytes.subarray(infoSpan.start, infoSpan.end)
}

/** Returns the `info` of a torrent as encoded in the file, with positions in these bytes. */
export function encodedInfo({ bytes, infoSpan, infoSpans }: UnhashedMetainfo): EncodedDict {
  const { start, end } = infoSpan
  const spans = [...infoSpans].map(([key, span]) => [key, moveSpan(span, -start)] as const)
  return new EncodedDict(bytes.subarray(start, end), new Map(spans))
}
