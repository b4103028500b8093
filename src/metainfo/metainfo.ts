import type { BencodeDict, Span } from './bencode/value.js'
import type { UnsafePath } from './parse/unsafe-path.js'
import type { Warning } from './warning.js'

/** v1 is BEP 3, v2 is BEP 52, hybrid is one `info` that holds both. */
export type MetainfoVersion = 'v1' | 'v2' | 'hybrid'

/** A file of a torrent. */
export interface MetainfoFile {
  /** The components below the torrent's name; for a torrent of a single file, its name alone. */
  readonly path: string[]
  /** In bytes. */
  readonly length: number
  /** Whether it is a pad file (BEP 47): zeros that only fill up a piece. */
  readonly padding: boolean
  /** The BEP 47 attribute letters: `x` executable, `l` symbolic link, `h` hidden, `p` pad file. */
  readonly attr: string
  /** Of a symbolic link (`l`), the components below the torrent's name of what it leads to. */
  readonly symlinkPath?: string[]
}

/**
 * What became of a file's piece layer: `none` where the file needs none, as it fills one piece at
 * most; `wrong` where the layer does not lead to the file's pieces root.
 */
type LayerState = 'none' | 'ok' | 'missing' | 'wrong'

/** A file of the v2 file tree (BEP 52). */
export interface TreeFile {
  readonly file: MetainfoFile
  /** The root of its Merkle tree, 32 bytes; null when the file is empty. */
  readonly piecesRoot: Uint8Array | null
  /** Its piece layer as the torrent has it: a digest of 32 bytes a piece. Null without one. */
  readonly layer: Uint8Array | null
  readonly layerState: LayerState
}

/** A DHT node that the torrent names (BEP 5). */
export interface DhtNode {
  readonly host: string
  readonly port: number
}

/** A .torrent file, read and found valid, with its info hashes. */
export interface Metainfo extends UnhashedMetainfo {
  /** SHA-1 of the info bytes as they stand, in hexadecimal; null when the torrent is v2 only. */
  readonly infoHash: string | null
  /** SHA-256 of the info bytes as they stand, in hexadecimal; null when the torrent is v1 only. */
  readonly infoHashV2: string | null
}

/** A .torrent file, read and found valid. Absent optional values are null. */
export interface UnhashedMetainfo {
  /** The file as it stands. */
  readonly bytes: Uint8Array
  /** Where each top-level entry stands in `bytes`. */
  readonly spans: Map<string, Span>
  readonly info: BencodeDict
  readonly infoSpan: Span
  readonly version: MetainfoVersion
  readonly name: string
  /** Whether the files live in a directory called `name`. */
  readonly isDirectory: boolean
  /** In bytes. */
  readonly pieceLength: number
  readonly pieceCount: number
  /**
   * In bytes: the length of the stream that is cut into pieces, so pad files count. A v2-only
   * torrent has none, and its size is the sum of its files.
   */
  readonly size: number
  /** In stream order; those of a hybrid torrent are its v1 files, with the pad files. */
  readonly files: MetainfoFile[]
  /** The files of the v2 file tree, in its order; null when the torrent is v1 only. */
  readonly tree: readonly TreeFile[] | null
  /** The SHA-1 digests of the pieces, 20 bytes each; null when the torrent is v2 only. */
  readonly pieces: Uint8Array | null
  readonly announce: string | null
  /** Tiers of trackers (BEP 12). */
  readonly announceList: string[][] | null
  /** `httpseeds` (BEP 17). */
  readonly httpSeeds: string[] | null
  /** `url-list` (BEP 19). */
  readonly webSeeds: string[] | null
  readonly nodes: DhtNode[] | null
  readonly comment: string | null
  readonly createdBy: string | null
  /** In seconds since 1970; always within what a Date can hold. */
  readonly creationDate: number | null
  readonly private: boolean
  /** `info.source`, which private trackers set to change the info hash. */
  readonly source: string | null
  /** `info.update-url` (BEP 39): where a newer torrent may be. */
  readonly updateUrl: string | null
  /** Info hashes in hexadecimal, of torrents that share files with this one (BEP 38). */
  readonly similar: string[] | null
  /** Names of collections that the torrent belongs to (BEP 38). */
  readonly collections: string[] | null
  /** Paths that are not safe to create on a disk. */
  readonly unsafePaths: UnsafePath[]
  readonly warnings: Warning[]
}

/** The bytes of a torrent's files that are on a disk: what its size is without pad files. */
export function contentSize({ files }: Pick<Metainfo, 'files'>): number {
  return files.reduce((sum, { length, padding }) => (padding ? sum : sum + length), 0)
}

/** How many of the piece layers that a v2 torrent needs are in which state. */
export interface LayerHealth {
  readonly ok: number
  readonly missing: number
  readonly wrong: number
}

/** Counts the piece layers of a v2 file tree (BEP 52). */
export function countLayers(tree: readonly TreeFile[]): LayerHealth {
  const health = { ok: 0, missing: 0, wrong: 0 }
  for (const { layerState } of tree) if (layerState !== 'none') health[layerState] += 1
  return health
}
