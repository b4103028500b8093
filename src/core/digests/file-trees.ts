import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Content } from './content.js'
import { isPad } from './pad-files.js'

/** Bytes of a SHA-256 digest. */
export const NODE = 32

/** The Merkle trees of a content's files (BEP 52), as far as they are known. */
export interface FileTrees {
  /** 1 for each file of the content whose tree is known, or that has none. */
  readonly isKnown: Uint8Array
  /** The root of each file of the content, 32 bytes. */
  readonly roots: Uint8Array
  /** The piece layer of each file longer than a piece, by the number of the file. */
  readonly layers: Map<number, Uint8Array>
}

/** A file's tree, as far as a torrent says it. */
export interface FileTree {
  readonly root: Uint8Array
  /** 32 bytes a piece; null for a file that is no longer than a piece. */
  readonly layer: Uint8Array | null
}

/** Room for the trees of a content, none of which is known; null for v1, which has none. */
export function createTrees({
  version,
  files,
}: Pick<Content, 'version' | 'files'>): FileTrees | null {
  if (version === 'v1') return null
  const { length } = files
  return {
    isKnown: Uint8Array.from(files, (file) => (hasTree(file) ? 0 : 1)),
    roots: new Uint8Array(length * NODE),
    layers: new Map(),
  }
}

/** Enters the tree of the file of that number. */
export function setTree(trees: FileTrees, number: number, { root, layer }: FileTree): void {
  trees.isKnown[number] = 1
  trees.roots.set(root, number * NODE)
  if (layer) trees.layers.set(number, layer)
}

/** The root of the file of that number. */
export function rootOf({ roots }: FileTrees, number: number): Uint8Array {
  return roots.subarray(number * NODE, (number + 1) * NODE)
}

/** A file that begins a piece and has bytes, and so a tree. */
export interface AlignedFile {
  readonly file: ScannedFile
  /** Its number among the files of the content. */
  readonly number: number
  /** Its first piece, and how many it is cut into. */
  readonly firstPiece: number
  readonly pieceCount: number
}

/** The files that have trees, in the order of a content in which each file begins a piece. */
export function* alignedFiles({ files, pieceLength }: Content): Generator<AlignedFile> {
  let firstPiece = 0
  for (const [number, file] of files.entries()) {
    if (!hasTree(file)) continue
    const pieceCount = Math.ceil(file.fingerprint.size / pieceLength)
    yield { file, number, firstPiece, pieceCount }
    firstPiece += pieceCount
  }
}

function hasTree(file: ScannedFile): boolean {
  return !isPad(file) && file.fingerprint.size > 0
}
