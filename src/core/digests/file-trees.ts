import type { FileColumns } from '../../disk/file-lists/columns.js'
import type { CutFiles } from './content.js'
import type { MerkleLayer } from '../../metainfo/merkle.js'
import { SHA256 } from '../../metainfo/sizes.js'

/** The known Merkle trees of a content's files (BEP 52). */
export interface FileTrees {
  /** For each file: 1 if its tree is known or not needed. */
  readonly isKnown: Uint8Array
  /** The root of each file, 32 bytes. */
  readonly roots: Uint8Array
  /** The piece layer of each file longer than a piece, by file number; of a begun one the start. */
  readonly layers: Map<number, Uint8Array>
  /** The first nodes of files that were not read to their ends, by file number: of whole pieces. */
  readonly begun: Map<number, MerkleLayer>
}

/** The parts of a file's tree that a torrent contains. */
export interface FileTree {
  readonly root: Uint8Array
  /** 32 bytes for each piece; null for a file of at most one piece. */
  readonly layer: Uint8Array | null
}

/** Creates empty trees for a content; null for v1, which has none. */
export function createTrees({
  version,
  files,
}: Pick<CutFiles, 'version' | 'files'>): FileTrees | null {
  if (version === 'v1') return null
  const { length } = files
  const isKnown = new Uint8Array(length)
  for (let i = 0; i < length; i++) isKnown[i] = hasTree(files, i) ? 0 : 1
  return { isKnown, roots: new Uint8Array(length * SHA256), layers: new Map(), begun: new Map() }
}

/** Sets the tree of a file by its number. */
export function setTree(trees: FileTrees, number: number, { root, layer }: FileTree): void {
  trees.isKnown[number] = 1
  trees.roots.set(root, number * SHA256)
  if (layer) trees.layers.set(number, layer)
}

/** Returns the root of a file by its number. */
export function rootOf({ roots }: FileTrees, number: number): Uint8Array {
  return roots.subarray(number * SHA256, (number + 1) * SHA256)
}

/** A file with bytes that begins a piece, and therefore has a tree. */
export interface AlignedFile {
  /** Its number among the files of the content. */
  readonly number: number
  /** In bytes. */
  readonly size: number
  /** Its first piece, and its number of pieces. */
  readonly firstPiece: number
  readonly pieceCount: number
}

/** Yields the files with trees, in order. Each file of the content must begin a piece. */
export function* alignedFiles({ files, pieceLength }: CutFiles): Generator<AlignedFile> {
  let firstPiece = 0
  for (let number = 0; number < files.length; number++) {
    if (!hasTree(files, number)) continue
    const size = files.sizeAt(number)
    const pieceCount = Math.ceil(size / pieceLength)
    yield { number, size, firstPiece, pieceCount }
    firstPiece += pieceCount
  }
}

/** Whether a file has bytes, and therefore a tree. */
function hasTree(files: FileColumns, number: number): boolean {
  return files.sizeAt(number) > 0 && !files.isPad(number)
}
