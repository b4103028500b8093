import { Buffer } from 'node:buffer'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { HashKernel } from '../../hash/kernels/kernel.js'
import { climbMerkleTree, findMerkleRoot, type MerkleLayer } from '../../hash/merkle.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import type { FoundFile } from './content.js'
import type { Interval } from './pieces.js'
import { NODE } from './v2-side.js'

/** What may know the Merkle trees of files, as the piece cache does of those it was made with. */
export type TreeSource = Pick<PieceCache, 'tree'>

/** A bad piece of a file. */
export interface BadPiece {
  /** Where it begins in the file, in bytes. */
  readonly start: number
  /** The digests of its blocks as they were read. */
  readonly leaves: Uint8Array
}

/** A file, and the root that it should have. */
export interface RootedFile {
  readonly found: FoundFile
  readonly piecesRoot: Uint8Array
}

/**
 * A layer of the tree that a file should have, from a source that need not be trusted: only one
 * that leads to the file's root is taken. Null when the source has none.
 */
export function findKnownLayer(
  { found: { file, found }, piecesRoot }: RootedFile,
  source: TreeSource,
  kernel: HashKernel,
): MerkleLayer | null {
  if (found.kind !== 'file') return null
  const record = source.tree({ path: found.path, size: file.length })
  if (!record || !isEqual(findMerkleRoot(record, kernel), piecesRoot)) return null
  return record
}

/**
 * The bytes of the file that lie in bad blocks of a bad piece, as closely as the layer tells them:
 * a node of it stands for one block or for several. Ranges that adjoin are one.
 */
export function findBadBlocks(
  { start, leaves }: BadPiece,
  known: MerkleLayer,
  kernel: HashKernel,
): Interval[] {
  const span = BLOCK_LENGTH * 2 ** known.height
  const found = climbMerkleTree({ nodes: leaves, height: 0 }, known.height, kernel).nodes
  const first = (start / span) * NODE
  const bad: Interval[] = []
  for (let at = 0; at < found.length; at += NODE) {
    const expected = known.nodes.subarray(first + at, first + at + NODE)
    if (isEqual(found.subarray(at, at + NODE), expected)) continue
    const from = start + (at / NODE) * span
    const last = bad.at(-1)
    if (last?.[1] === from) bad[bad.length - 1] = [last[0], from + span]
    else bad.push([from, from + span])
  }
  return bad
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
