import { isSameBytes } from '../../bytes.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { HashKernel } from '../../hash/kernels/kernel.js'
import { climbMerkleTree, findMerkleRoot, type MerkleLayer } from '../../hash/merkle.js'
import { BLOCK_LENGTH } from '../../hash/stream/digests.js'
import type { FoundFile, Interval } from './content.js'
import { NODE } from './v2-side.js'

/** A source of files' Merkle trees, such as the piece cache. */
export type TreeSource = Pick<PieceCache, 'tree'>

/** A bad piece of a file. */
export interface BadPiece {
  /** Its offset in the file in bytes. */
  readonly start: number
  /** The digests of its blocks as read. */
  readonly leaves: Uint8Array
}

/** A file and its expected root. */
export interface RootedFile {
  readonly found: FoundFile
  readonly piecesRoot: Uint8Array
}

/**
 * Returns a layer of a file's expected tree. The source need not be trusted: a layer is only
 * accepted if it leads to the file's root. Null if the source has none.
 */
export function findKnownLayer(
  { found: { file, found }, piecesRoot }: RootedFile,
  source: TreeSource,
  kernel: HashKernel,
): MerkleLayer | null {
  if (found.kind !== 'file') return null
  const record = source.tree({ path: found.path, size: file.length })
  if (!record || !isSameBytes(findMerkleRoot(record, kernel), piecesRoot)) return null
  return record
}

/**
 * Returns the bytes of the file in bad blocks of a bad piece, as precisely as the layer allows: a
 * node may represent several blocks. Adjacent ranges are joined.
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
    if (isSameBytes(found.subarray(at, at + NODE), expected)) continue
    const from = start + (at / NODE) * span
    const last = bad.at(-1)
    if (last?.[1] === from) bad[bad.length - 1] = [last[0], from + span]
    else bad.push([from, from + span])
  }
  return bad
}

/** The bytes of bad blocks in their files, by piece index, if known. */
export type BadBlocks = ReadonlyMap<number, readonly Interval[]>

/** A bad piece, and the digests of its blocks as read. */
export interface BadLeaves {
  readonly piece: number
  readonly leaves: Uint8Array
}

/** The files of pieces, and their roots. */
export interface PieceFiles {
  /** In stream order; each file begins a piece. */
  readonly files: readonly FoundFile[]
  /** The pieces roots of all files except pad files, in order. */
  readonly roots: readonly (Uint8Array | null)[]
  /** In bytes. */
  readonly pieceLength: number
}

/**
 * Finds the bad blocks of bad pieces, which are in order. A source must know the expected digests
 * of the blocks, because a torrent only has those of pieces.
 */
export function explainPieces(
  bad: readonly BadLeaves[],
  { files, roots, pieceLength }: PieceFiles,
  { source, kernel }: { readonly source: TreeSource; readonly kernel: HashKernel },
): Map<number, Interval[]> {
  const explained = new Map<number, Interval[]>()
  const pieces = bad.values()
  let next = pieces.next()
  const own = files.filter(({ file }) => !file.padding)
  for (const [number, found] of own.entries()) {
    const [from, to] = found.stretch
    let known: MerkleLayer | null | undefined
    while (!next.done && next.value.piece * pieceLength < to) {
      const { piece, leaves } = next.value
      const piecesRoot = roots[number] ?? null
      known ??= piecesRoot && findKnownLayer({ found, piecesRoot }, source, kernel)
      const start = piece * pieceLength - from
      if (known && BLOCK_LENGTH * 2 ** known.height < pieceLength) {
        explained.set(piece, findBadBlocks({ start, leaves }, known, kernel))
      }
      next = pieces.next()
    }
  }
  return explained
}
