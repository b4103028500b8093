import { createHash } from 'node:crypto'
import { climbMerkleTree } from '../../hash/merkle.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import type { Piece, PieceNode } from './piece.js'

/** Hashes a piece as its bytes come, and judges it in the end. */
export class PieceJudge {
  readonly #piece: Piece
  readonly #sha1 = createHash('sha1')
  readonly #leaves: Uint8Array[] = []
  #block = createHash('sha256')
  #inBlock = 0

  constructor(piece: Piece) {
    this.#piece = piece
  }

  /** Takes the next bytes of the file in the piece. */
  add(bytes: Uint8Array): void {
    this.#sha1.update(bytes)
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + BLOCK_LENGTH - this.#inBlock)
      this.#block.update(part)
      this.#inBlock += part.length
      at += part.length
      if (this.#inBlock === BLOCK_LENGTH) this.#endBlock()
    }
  }

  /** Takes bytes of a pad file, which version 2 does not count. */
  addPadding(bytes: Uint8Array): void {
    this.#sha1.update(bytes)
  }

  /** Whether the bytes are those of the piece, by each version that the torrent has. */
  isRight(): boolean {
    const { sha1, merkle } = this.#piece
    if (this.#inBlock > 0) this.#endBlock()
    return (sha1 === null || isSame(this.#sha1.digest(), sha1)) && this.#isRightByTree(merkle)
  }

  #endBlock(): void {
    this.#leaves.push(this.#block.digest())
    this.#block = createHash('sha256')
    this.#inBlock = 0
  }

  #isRightByTree(node: PieceNode | null): boolean {
    if (node === null) return true
    const leaves = { nodes: Buffer.concat(this.#leaves), height: 0 }
    return isSame(climbMerkleTree(leaves, node.levels, chooseKernel()).nodes, node.digest)
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
