import { LRUCache } from 'lru-cache'
import { BLOCK_LENGTH } from '../hash/stream/content-stream.js'
import { chooseKernel } from '../hash/kernels.js'
import { climbMerkleTree, zeroNode } from '../hash/merkle.js'
import type { Metainfo } from '../metainfo/metainfo.js'

const NODE = 32

/** Bytes of a request for hashes (BEP 52): root, base layer, index, length, proof layers. */
export const HASH_REQUEST_LENGTH = NODE + 16

/** Most hashes in one answer. */
const MOST_HASHES = 8192

/** Bytes of the nodes of one torrent that are kept. */
const MEMORY = 8 * 1024 * 1024

/**
 * Answers requests for the hashes of a torrent's pieces (BEP 52), by which a client that began with
 * a magnet link gets what the .torrent has beside `info`.
 */
export class HashAnswers {
  /** The piece layers of the files, by the root in hexadecimal; null before they are needed. */
  #roots: ReadonlyMap<string, Uint8Array> | null = null
  /** The nodes from the piece layer upwards, by the root; of the files asked for last. */
  readonly #layers = new LRUCache<string, Uint8Array[]>({
    maxSize: MEMORY,
    sizeCalculation: (layers) => layers.reduce((sum, { length }) => sum + length, 0),
  })

  /** The nodes of the file asked for last, however many: each request would build them again. */
  #newest: { readonly root: string; readonly layers: readonly Uint8Array[] } | null = null

  constructor(private readonly metainfo: Metainfo) {}

  /** Returns the hashes for a request, and those that prove them; null if it cannot be answered. */
  answer(request: Uint8Array): Uint8Array | null {
    const view = new DataView(request.buffer, request.byteOffset, HASH_REQUEST_LENGTH)
    const [base = 0, index = 0, length = 0, proofs = 0] = [0, 4, 8, 12].map((at) => {
      return view.getUint32(NODE + at)
    })
    const root = Buffer.from(request.subarray(0, NODE)).toString('hex')
    this.#roots ??= rootsOf(this.metainfo)
    const pieces = this.#roots.get(root)
    const lowest = Math.log2(this.metainfo.pieceLength / BLOCK_LENGTH)
    const level = base - lowest
    const levels = pieces ? Math.ceil(Math.log2(pieces.length / NODE)) : -1
    const width = 2 ** (levels - level)
    const isPower = length >= 2 && Number.isInteger(Math.log2(length))
    if (!pieces || level < 0 || level > levels || !isPower || length > MOST_HASHES) return null
    if (index % length !== 0 || index + length > width || proofs > levels - level) return null
    // Only now, because the nodes of a large file take long
    const layers = this.#layersOf(root, pieces)
    const node = (above: number, at: number) => {
      const known = layers[above]?.subarray(at * NODE, (at + 1) * NODE)
      return known?.length === NODE ? known : zeroNode(lowest + above, chooseKernel())
    }
    const hashes = Array.from({ length }, (_, n) => node(level, index + n))
    // The peer computes what is above its hashes; it lacks the other half of each layer
    for (let up = Math.log2(length); up <= proofs; up++) {
      if (level + up >= levels) break
      hashes.push(node(level + up, Math.floor(index / 2 ** up) ^ 1))
    }
    return Buffer.concat(hashes)
  }

  #layersOf(root: string, nodes: Uint8Array): readonly Uint8Array[] {
    const known = this.#newest?.root === root ? this.#newest.layers : this.#layers.get(root)
    if (known) return known
    const layers = [nodes]
    let layer = { nodes, height: Math.log2(this.metainfo.pieceLength / BLOCK_LENGTH) }
    while (layer.nodes.length > NODE) {
      layer = climbMerkleTree(layer, 1, chooseKernel())
      layers.push(layer.nodes)
    }
    this.#layers.set(root, layers)
    this.#newest = { root, layers }
    return layers
  }
}

function rootsOf({ tree }: Metainfo): ReadonlyMap<string, Uint8Array> {
  const roots = new Map<string, Uint8Array>()
  for (const { piecesRoot, layer } of tree ?? []) {
    if (piecesRoot && layer) roots.set(Buffer.from(piecesRoot).toString('hex'), layer)
  }
  return roots
}
