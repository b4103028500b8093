import { countNodes, type TreeRecord } from '../../disk/cache/records/bodies.js'
import { hashKernel } from '../../disk/hash/kernels.js'
import { findMerkleRoot, nodesAt, pieceHeight, type MerkleLayer } from '../../metainfo/merkle.js'
import { bytesOf, type CutFiles } from './content.js'
import {
  alignedFiles,
  setTree,
  type AlignedFile,
  type FileTree,
  type FileTrees,
} from './file-trees.js'
import { BLOCK, SHA256 } from '../../metainfo/sizes.js'

/** A file of several blocks that were all read, with the part of its tree that the cache stores. */
export interface ReadTree extends Omit<TreeRecord, 'fingerprint'> {
  /** The number of the file in the content. */
  readonly number: number
}

/** The file whose pieces are being read, and the state of its tree. */
interface GrowingTree extends AlignedFile {
  readonly height: number
  nodes: Uint8Array[]
  piecesRead: number
}

const NONE: Uint8Array[] = []

/** Whether a piece is the next of a tree. Others are read for their SHA-1 digests alone. */
function isNext({ firstPiece, piecesRead }: GrowingTree, piece: number): boolean {
  return piece === firstPiece + piecesRead
}

/** Whether a file has one block, whose digest is the root of its tree. */
export function isSingle({ size }: Pick<AlignedFile, 'size'>): boolean {
  return size <= BLOCK
}

/**
 * Combines the blocks of files to the nodes that are stored, some pieces at a time. The digests of
 * all blocks therefore need not be in memory at once.
 */
export class ReadTrees {
  readonly #content: CutFiles
  readonly #files: Iterator<AlignedFile>
  /** Stored nodes are at least so many levels above the leaves, unless that is above the root. */
  #least = 0
  readonly #whole: ReadTree[] = []
  /** Of files of one block only the root is kept, because there may be very many: see isSingle. */
  readonly #isRead: Uint8Array
  readonly #roots: Uint8Array
  #growing: GrowingTree | null = null

  /** `begun` has the nodes of pieces that are not read. */
  constructor(
    content: CutFiles,
    private readonly begun: FileTrees['begun'] = new Map(),
  ) {
    this.#content = content
    this.#files = alignedFiles(content)
    const bytes = bytesOf(content)
    const most = pieceHeight(content.pieceLength)
    while (this.#least < most && countNodes(bytes, this.#least) > MOST_NODES_OF_ALL) this.#least++
    this.#isRead = new Uint8Array(content.files.length)
    this.#roots = new Uint8Array(content.files.length * SHA256)
  }

  /** The trees of the files of several blocks whose pieces were all read. */
  get whole(): readonly ReadTree[] {
    return this.#whole
  }

  /** The file of which only the first pieces were read, with their nodes; null without one. */
  get growing(): (MerkleLayer & Pick<AlignedFile, 'number'>) | null {
    const tree = this.#growing
    if (!tree?.piecesRead || isSingle(tree) || tree.piecesRead === tree.pieceCount) return null
    const nodes = Buffer.concat(tree.nodes)
    tree.nodes = [nodes]
    return { number: tree.number, height: tree.height, nodes }
  }

  /** Returns the root of a file of one block by its number; null if it was not read. */
  singleRoot(number: number): Uint8Array | null {
    if (this.#isRead[number] !== 1) return null
    return this.#roots.subarray(number * SHA256, (number + 1) * SHA256)
  }

  /** Adds the blocks, of 32 bytes each, of the next pieces, or only of the first of them. */
  take(pieces: Uint32Array, blocks: Uint8Array): void {
    let [at, block] = [0, 0]
    while (at < pieces.length) {
      const tree = this.#treeAt(pieces[at] ?? 0)
      if (tree === null) return
      if (isSingle(tree)) {
        if (!this.#enterSingle(tree, blocks, block)) return
        block++
        at++
        continue
      }
      const [begin, firstBlock] = [at, block]
      const end = tree.firstPiece + tree.pieceCount
      const first = pieces[begin] ?? 0
      for (; pieces[at] === first + at - begin && first + at - begin < end; at++) {
        block += this.#countBlocks(tree, pieces[at] ?? 0)
      }
      if (block * SHA256 > blocks.length) return
      if (!isNext(tree, first)) continue
      this.#grow(tree, at - begin, blocks.subarray(firstBlock * SHA256, block * SHA256))
    }
  }

  /**
   * Adds the next pieces by one node each: that of the piece layer, or the root of a file in a
   * single piece. Then all pieces must be added so.
   */
  takeNodes(pieces: Uint32Array, nodes: Uint8Array): void {
    this.#least = pieceHeight(this.#content.pieceLength)
    for (const [i, piece] of pieces.entries()) {
      const tree = this.#treeAt(piece)
      if (tree === null) return
      if (isSingle(tree)) this.#enterSingle(tree, nodes, i)
      else if (isNext(tree, piece)) this.#add(tree, 1, nodes.slice(i * SHA256, (i + 1) * SHA256))
    }
  }

  /**
   * Sets the root of a file of one block to a digest by its number; false if there is no such
   * digest.
   */
  #enterSingle({ number }: GrowingTree, digests: Uint8Array, at: number): boolean {
    const root = digests.subarray(at * SHA256, (at + 1) * SHA256)
    if (root.length < SHA256) return false
    this.#isRead[number] = 1
    this.#roots.set(root, number * SHA256)
    return true
  }

  /** Returns the tree of a piece's file. */
  #treeAt(piece: number): GrowingTree | null {
    for (let tree = this.#growing; ;) {
      if (tree && piece < tree.firstPiece + tree.pieceCount) return tree
      const next = this.#files.next()
      if (next.done) return null
      const { number, size, firstPiece, pieceCount } = next.value
      const before = piece - firstPiece
      const begun = before > 0 ? this.#begunBy(number, before) : null
      const height = Math.max(this.#heightOf(size), begun?.height ?? 0)
      // Lists all properties: there may be very many files, and spreading takes several times as
      // long
      const piecesRead = begun ? before : 0
      tree = { number, size, firstPiece, pieceCount, height, nodes: NONE, piecesRead }
      if (!isSingle(tree)) tree.nodes = begun ? [this.#nodesOf(begun, before, height)] : []
      this.#growing = tree
    }
  }

  /** Returns the known nodes of a file's first pieces if they are those of so many. */
  #begunBy(number: number, pieces: number): MerkleLayer | null {
    const begun = this.begun.get(number)
    const least = begun ? pieces * nodesOfPiece(this.#content, begun.height) * SHA256 : 0
    return begun && begun.nodes.length >= least ? begun : null
  }

  /** Returns the nodes of the first pieces of a file. */
  #nodesOf({ nodes, height }: MerkleLayer, pieces: number, wanted: number): Uint8Array {
    const length = pieces * nodesOfPiece(this.#content, height) * SHA256
    return nodesAt({ nodes: nodes.subarray(0, length), height }, wanted, hashKernel())
  }

  /** Returns the height of the stored nodes, at most that of the root. */
  #heightOf(size: number): number {
    let height = 0
    const most = pieceHeight(this.#content.pieceLength)
    while (height < this.#least && countNodes(size, height) > 1) height++
    while (height < most && countNodes(size, height) > MOST_NODES) height++
    return height
  }

  #countBlocks({ size, firstPiece }: GrowingTree, piece: number): number {
    const { pieceLength } = this.#content
    const left = size - (piece - firstPiece) * pieceLength
    return countNodes(Math.min(left, pieceLength), 0)
  }

  #grow(tree: GrowingTree, pieces: number, leaves: Uint8Array): void {
    const { height } = tree
    const nodes = nodesAt({ nodes: leaves, height: 0 }, height, hashKernel())
    // Copied, so that the digests of blocks can be freed; copies of small files share memory
    this.#add(tree, pieces, height === 0 ? Buffer.from(leaves) : nodes)
  }

  #add(tree: GrowingTree, pieces: number, nodes: Uint8Array): void {
    const { number, height } = tree
    tree.nodes.push(nodes)
    tree.piecesRead += pieces
    if (tree.piecesRead < tree.pieceCount) return
    const [first, second] = tree.nodes
    const layer = { height, nodes: first && !second ? first : Buffer.concat(tree.nodes) }
    const root = findMerkleRoot(layer, hashKernel())
    this.#whole.push({ number, ...layer, root })
    tree.nodes.length = 0
  }
}

/** Returns how many nodes of a height a whole piece has. */
function nodesOfPiece({ pieceLength }: CutFiles, height: number): number {
  return 2 ** (pieceHeight(pieceLength) - height)
}

/** Enters the first nodes of a file that is longer than a piece, as far as pieces are whole. */
export function enterBegun(
  content: CutFiles,
  trees: FileTrees,
  number: number,
  { nodes, height }: MerkleLayer,
): void {
  const most = Math.ceil(content.files.sizeAt(number) / content.pieceLength) - 1
  const each = nodesOfPiece(content, height) * SHA256
  const pieces = Math.min(most, Math.floor(nodes.length / each))
  if (each < SHA256 || pieces < 1) return
  const layer = { nodes: nodes.subarray(0, pieces * each), height }
  trees.begun.set(number, layer)
  trees.layers.set(number, nodesAt(layer, pieceHeight(content.pieceLength), hashKernel()))
}

/** Enters the trees of files that were read completely. */
export function enterTrees(content: CutFiles, trees: FileTrees, read: ReadTrees): void {
  for (let number = 0; number < content.files.length; number++) {
    const root = read.singleRoot(number)
    if (root) setTree(trees, number, { root, layer: null })
  }
  for (const tree of read.whole) {
    const size = content.files.sizeAt(tree.number)
    setTree(trees, tree.number, treeOf(size, content, tree))
  }
}

/** Maximum number of nodes that the cache stores for a file, unless pieces are shorter: 1 MiB. */
const MOST_NODES = 2 ** 15

/** Maximum number of nodes for all files, unless pieces are shorter: 64 MiB. */
const MOST_NODES_OF_ALL = 2 ** 21

/** Returns the parts of a tree of a file that a torrent with this piece length contains. */
export function treeOf(
  size: number,
  content: CutFiles,
  tree: Omit<TreeRecord, 'fingerprint'>,
): FileTree {
  const { root } = tree
  const height = pieceHeight(content.pieceLength, size)
  return { root, layer: height === Infinity ? null : nodesAt(tree, height, hashKernel()) }
}
