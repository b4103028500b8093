import { createHash, type Hash } from 'node:crypto'
import { OpenPieceHasher, PieceHasher } from '../../disk/hash/arriving-bytes.js'
import { hashKernel } from '../../disk/hash/kernels.js'
import { findMerkleRoot, nodesAt, pieceHeight, type MerkleLayer } from '../../metainfo/merkle.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { BLOCK } from '../../metainfo/sizes.js'
import { CHECKSUMS, type ChecksumName } from '../checksums/list.js'
import type { FileTree } from '../digests/file-trees.js'
import { bytesMissing } from '../digests/pad-files.js'

/**
 * The piece length for content of `size` bytes, a power of two. More bytes never make it shorter.
 */
export type PieceLengthFor = (size: number) => number

/** Bytes after which leaves are combined, or the longest piece if that is longer. */
const PART = 16 * 1024 * 1024

/** Hashes files that are read one after another. */
export class ArrivingFiles {
  readonly lengths: number[] = []
  /** Null if only v2 is wanted. */
  readonly #pieces: PieceHasher | OpenPieceHasher | null
  readonly #blocks: PieceHasher | null
  readonly #partLength: number
  /** The tree of the file, up to the shortest piece length that was possible then. */
  #layers: MerkleLayer[] = []
  /** Of the files that have bytes. */
  readonly #trees: FileTree[] = []
  #checksums: Hash[] = []
  readonly #lists: Uint8Array[][] = []
  /** Bytes that are missing to the end of a piece before the next file that has bytes. */
  #missing = 0
  #length = 0
  #size = 0

  /** `isAligned` says whether each file begins a piece. */
  constructor(
    version: MetainfoVersion,
    readonly checksums: readonly ChecksumName[],
    readonly lengthFor: PieceLengthFor,
    readonly isAligned: boolean,
  ) {
    const longest = lengthFor(Number.MAX_SAFE_INTEGER)
    this.#partLength = Math.max(PART, longest)
    this.#blocks = version === 'v1' ? null : new PieceHasher('sha256', BLOCK)
    if (version === 'v2') this.#pieces = null
    else if (lengthFor(0) === longest) this.#pieces = new PieceHasher('sha1', longest)
    else this.#pieces = new OpenPieceHasher((size) => ({ shortest: lengthFor(size + 1), longest }))
  }

  begin(): void {
    this.#checksums = this.checksums.map((name) => createHash(CHECKSUMS[name].algorithm))
    this.#layers = []
    this.#length = 0
  }

  /** Adds bytes, which must not change until they are hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    for (const checksum of this.#checksums) checksum.update(chunk)
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.#partLength - (this.#length % this.#partLength))
      at += part.length
      this.#length += part.length
      this.#size += part.length
      await Promise.all([this.#updatePieces(part), this.#blocks?.update(part)])
      if (this.#length % this.#partLength === 0) await this.#endPart()
    }
  }

  async #updatePieces(bytes: Uint8Array): Promise<void> {
    if (this.#missing > 0) await this.#pieces?.update(new Uint8Array(this.#missing))
    await this.#pieces?.update(bytes)
    this.#missing = 0
  }

  async #endPart(): Promise<void> {
    if (!this.#blocks) return
    const leaves = { nodes: await this.#blocks.finish(), height: 0 }
    const height = pieceHeight(this.lengthFor(this.#size))
    this.#layers.push({ nodes: nodesAt(leaves, height, hashKernel()), height })
  }

  async end(length: number): Promise<void> {
    this.lengths.push(length)
    this.#lists.push(this.#checksums.map((hash) => hash.digest()))
    if (length === 0) return
    const pieceLength = this.lengthFor(this.#size)
    if (this.#blocks) this.#trees.push(await this.#treeOf(this.#blocks, pieceLength))
    if (this.isAligned) this.#missing = bytesMissing(length, pieceLength)
  }

  async #treeOf(blocks: PieceHasher, pieceLength: number): Promise<FileTree> {
    const leaves = { nodes: await blocks.finish(), height: 0 }
    const parts = [...this.#layers, leaves].filter(({ nodes }) => nodes.length > 0)
    const height = pieceHeight(pieceLength, this.#length)
    const nodes = Buffer.concat(parts.map((part) => nodesAt(part, height, hashKernel())))
    if (height === Infinity) return { root: nodes, layer: null }
    return { root: findMerkleRoot({ nodes, height }, hashKernel()), layer: nodes }
  }

  /** The checksum of the file that ended last. */
  lastDigest(name: ChecksumName): Uint8Array {
    return this.#lists.at(-1)?.[this.checksums.indexOf(name)] ?? new Uint8Array(0)
  }

  async finish() {
    const digests = await this.#pieces?.finish(this.lengthFor(this.#size))
    return { digests: digests ?? new Uint8Array(0), trees: this.#trees, lists: this.#lists }
  }
}
