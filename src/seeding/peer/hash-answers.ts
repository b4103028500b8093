import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { hashKernel } from '../../disk/hash/kernels.js'
import { climbMerkleTree, pieceHeight, zeroNode } from '../../metainfo/merkle.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { BLOCK, SHA256 } from '../../metainfo/sizes.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'

/** Bytes of a request for hashes (BEP 52): root, base layer, index, length, proof layers. */
export const HASH_REQUEST_LENGTH = SHA256 + 16

/** Most hashes in one answer. */
const MOST_HASHES = 8192

/** Most blocks that are read for one answer, 16 MiB, and those that are hashed in one turn. */
const MOST_BLOCKS = 1024
const BLOCKS_IN_TURN = 16

/** A file of version 2: where it begins in the torrent's stream, and its piece layer. */
interface HashedFile {
  readonly start: number
  readonly size: number
  /** Null if the file fits into a piece. */
  readonly layer: Uint8Array | null
}

/** Returns the SHA-256 digest of bytes of the torrent's stream. */
type DigestOf = (start: number, length: number) => Promise<Uint8Array>

/** Bytes of the nodes of one torrent that are kept. */
const MEMORY = 8 * 1024 * 1024

/**
 * Answers requests for the hashes of a torrent's pieces (BEP 52), by which a client that began with
 * a magnet link gets what the .torrent has beside `info`. The hashes of blocks tell a client which
 * block of a piece is damaged.
 */
export class HashAnswers {
  /** The files by the root in hexadecimal; null before they are needed. */
  #files: ReadonlyMap<string, HashedFile> | null = null
  /** The nodes from the piece layer upwards, by the root; of the files asked for last. */
  readonly #layers = new LRUCache<string, Uint8Array[]>({
    maxSize: MEMORY,
    sizeCalculation: (layers) => layers.reduce((sum, { length }) => sum + length, 0),
  })

  /** The nodes of the file asked for last, however many: each request would build them again. */
  #newest: { readonly root: string; readonly layers: readonly Uint8Array[] } | null = null

  constructor(private readonly metainfo: Metainfo) {}

  /** Whether a request is for hashes of blocks, which are computed from the file. */
  isOfBlocks(request: Uint8Array): boolean {
    return readRequest(request).base === 0 && this.#lowest > 0
  }

  /** Height of the pieces above the blocks. */
  get #lowest(): number {
    return pieceHeight(this.metainfo.pieceLength)
  }

  #fileOf(root: string): HashedFile | undefined {
    this.#files ??= hashedFiles(this.metainfo)
    return this.#files.get(root)
  }

  /** Returns the hashes for a request, and those that prove them; null if it cannot be answered. */
  answer(request: Uint8Array): Uint8Array | null {
    const { root, base, index, length, proofs } = readRequest(request)
    const pieces = this.#fileOf(root)?.layer
    const lowest = this.#lowest
    const level = base - lowest
    const levels = pieces ? Math.ceil(Math.log2(pieces.length / SHA256)) : -1
    const width = 2 ** (levels - level)
    const isPower = length >= 2 && Number.isInteger(Math.log2(length))
    if (!pieces || level < 0 || level > levels || !isPower || length > MOST_HASHES) return null
    if (index % length !== 0 || index + length > width || proofs > levels - level) return null
    // Only now, because the nodes of a large file take long
    const layers = this.#layersOf(root, pieces)
    const node = (above: number, at: number) => {
      return nodeIn(layers[above], at) ?? zeroNode(lowest + above, hashKernel())
    }
    const hashes = Array.from({ length }, (_, n) => node(level, index + n))
    // The peer computes what is above its hashes; it lacks the other half of each layer
    for (let up = Math.log2(length); up <= proofs; up++) {
      if (level + up >= levels) break
      hashes.push(node(level + up, Math.floor(index / 2 ** up) ^ 1))
    }
    return Buffer.concat(hashes)
  }

  /**
   * Returns the hashes of blocks for a request with base layer 0, and those that prove them; null
   * if it cannot be answered, or only by reading too much. Throws what `digestOf` throws.
   */
  async answerBlocks(request: Uint8Array, digestOf: DigestOf): Promise<Uint8Array | null> {
    const { root, index, length, proofs } = readRequest(request)
    const file = this.#fileOf(root)
    if (!file) return null
    const { start, size, layer } = file
    const lowest = this.#lowest
    const blocks = Math.ceil(size / BLOCK)
    const levels = Math.ceil(Math.log2(layer ? (layer.length / SHA256) * 2 ** lowest : blocks))
    const own = Math.log2(length)
    const isRange = length >= 2 && Number.isInteger(own) && index % length === 0
    if (!isRange || index + length > 2 ** levels || proofs > levels) return null
    // From the piece layer on, the nodes are known
    const height = Math.max(own, Math.min(proofs + 1, layer ? lowest : levels))
    if (2 ** height > MOST_BLOCKS) return null
    const first = Math.floor(index / 2 ** height) * 2 ** height
    const end = Math.min(blocks, first + 2 ** height)
    const nodes: Uint8Array[] = []
    for (let block = first; block < end; block++) {
      const at = block * BLOCK
      nodes.push(await digestOf(start + at, Math.min(BLOCK, size - at)))
      if (nodes.length % BLOCKS_IN_TURN === 0) await setImmediate()
    }
    const layers = layersAbove(Buffer.concat(nodes), 0, height)
    const above = layer && proofs >= height ? this.#layersOf(root, layer) : []
    const node = (up: number, at: number) => {
      const known =
        up < height ? nodeIn(layers[up], at - first / 2 ** up) : nodeIn(above[up - lowest], at)
      return known ?? zeroNode(up, hashKernel())
    }
    const hashes = Array.from({ length }, (_, n) => node(0, index + n))
    for (let up = own; up <= proofs && up < levels; up++)
      hashes.push(node(up, Math.floor(index / 2 ** up) ^ 1))
    return Buffer.concat(hashes)
  }

  #layersOf(root: string, nodes: Uint8Array): readonly Uint8Array[] {
    const known = this.#newest?.root === root ? this.#newest.layers : this.#layers.get(root)
    if (known) return known
    const layers = layersAbove(nodes, this.#lowest, Infinity)
    this.#layers.set(root, layers)
    this.#newest = { root, layers }
    return layers
  }
}

function readRequest(request: Uint8Array) {
  const view = new DataView(request.buffer, request.byteOffset, HASH_REQUEST_LENGTH)
  const [base = 0, index = 0, length = 0, proofs = 0] = [0, 4, 8, 12].map((at) => {
    return view.getUint32(SHA256 + at)
  })
  const root = Buffer.from(request.subarray(0, SHA256)).toString('hex')
  return { root, base, index, length, proofs }
}

/** Nodes and those above them, up to a height, or to the root. */
function layersAbove(nodes: Uint8Array, from: number, to: number): Uint8Array[] {
  const layers = [nodes]
  let layer = { nodes, height: from }
  while (layer.nodes.length > SHA256 && layer.height < to) {
    layer = climbMerkleTree(layer, 1, hashKernel())
    layers.push(layer.nodes)
  }
  return layers
}

function nodeIn(layer: Uint8Array | undefined, at: number): Uint8Array | null {
  const node = layer?.subarray(at * SHA256, (at + 1) * SHA256)
  return node?.length === SHA256 ? node : null
}

function hashedFiles(metainfo: Metainfo): ReadonlyMap<string, HashedFile> {
  const files = new Map<string, HashedFile>()
  const treeFiles = (metainfo.tree ?? []).values()
  let start = 0
  for (const { padding, length } of streamedFiles(metainfo)) {
    const { piecesRoot = null, layer = null } = (padding ? null : treeFiles.next().value) ?? {}
    const file = { start, size: length, layer }
    if (piecesRoot) files.set(Buffer.from(piecesRoot).toString('hex'), file)
    start += length
  }
  return files
}
