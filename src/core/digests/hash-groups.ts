import { countNodes } from '../../disk/cache/records/bodies.js'
import { hashKernel } from '../../disk/hash/kernels.js'
import { nodesAt, pieceHeight, type MerkleLayer } from '../../metainfo/merkle.js'
import { hashInParts, type HashOptions, type HashedPart } from '../../disk/hash/hash-stream.js'
import {
  type ContentStream,
  bytesOfFile,
  fileAt,
  sizeAt,
  type DigestKind,
} from '../../disk/hash/stream/content-stream.js'
import { BLOCK, SHA256 } from '../../metainfo/sizes.js'

/** Number of blocks whose digests (32 bytes each) are in memory at a time: those of 8 GiB. */
const MOST_BLOCKS = 2 ** 19

/** The part of a stream to read. */
export interface GroupedReading {
  readonly stream: ContentStream
  /** The indices of the pieces in ascending order. */
  readonly pieces: Uint32Array
  readonly wanted: DigestKind
}

/** The digests of some pieces. */
export interface ReadGroup extends HashedPart {
  /** In place of blocks, in all groups or none: the node of each piece, as nodesOf returns it. */
  readonly nodes?: Uint8Array
}

/**
 * Hashes pieces as hashInGroups does. Notes in `engine.writers` who has their files open for
 * writing.
 */
export type HashGroups = (reading: GroupedReading, engine: HashOptions) => AsyncIterable<ReadGroup>

/**
 * Hashes pieces in groups whose block digests fit into memory; all together if no blocks are
 * wanted. Yields the parts of a group. Progress continues from group to group.
 * @throws as hashStream
 */
export async function* hashInGroups(
  { stream, pieces, wanted }: GroupedReading,
  engine: HashOptions,
  mostBlocks = MOST_BLOCKS,
): AsyncGenerator<ReadGroup> {
  let bytesBefore = 0
  const all = pieces.length > 0 ? [{ pieces, fileBytes: 0 }] : []
  const groups = wanted === 'pieces' ? all : groupPieces(stream, pieces, mostBlocks)
  for (const { pieces: indices, fileBytes } of groups) {
    const options = { ...countingFrom(bytesBefore, engine), pieces: indices, wanted }
    yield* hashInParts(stream, options)
    bytesBefore += wanted === 'blocks' ? fileBytes : indices.length * stream.pieceLength
  }
}

/** Makes progress continue after bytes that were read before. */
export function countingFrom<T extends HashOptions>(bytesBefore: number, engine: T): T {
  if (bytesBefore === 0) return engine
  const onProgress: HashOptions['onProgress'] = ({ bytesDone, currentPath }) => {
    engine.onProgress?.({ bytesDone: bytesBefore + bytesDone, currentPath })
  }
  return { ...engine, onProgress }
}

/**
 * Divides pieces into groups of at most `mostBlocks` blocks (BEP 52), so that their digests fit
 * into memory; yields each with the bytes of files in it, without padding. The stream's files must
 * begin on piece boundaries.
 */
function* groupPieces(
  stream: ContentStream,
  pieces: Uint32Array,
  mostBlocks: number,
): Generator<{ readonly pieces: Uint32Array; readonly fileBytes: number }> {
  let [begin, blocks, fileBytes] = [0, 0, 0]
  for (const [at, piece] of pieces.entries()) {
    const bytes = bytesOfFile(stream, piece)
    const count = Math.ceil(bytes / BLOCK)
    if (at > begin && blocks + count > mostBlocks) {
      yield { pieces: pieces.subarray(begin, at), fileBytes }
      ;[begin, blocks, fileBytes] = [at, 0, 0]
    }
    blocks += count
    fileBytes += bytes
  }
  if (begin < pieces.length) yield { pieces: pieces.subarray(begin), fileBytes }
}

/**
 * Returns the node of each piece in the piece layer of its file, or the root of a file with no
 * other piece, 32 bytes each. The stream's files must begin on piece boundaries.
 */
export function nodesOf(
  { indices, blocks }: Pick<ReadGroup, 'indices' | 'blocks'>,
  stream: ContentStream,
): Uint8Array {
  let block = 0
  const nodes = [...indices].map((piece) => {
    const count = countNodes(bytesOfFile(stream, piece), 0)
    const leaves = { nodes: blocks.subarray(SHA256 * block, SHA256 * (block + count)), height: 0 }
    block += count
    return nodeOf(piece, leaves, stream)
  })
  return Buffer.concat(nodes)
}

/** Returns the node of a piece, as nodesOf does, from the digests of its blocks. */
export function nodeOf(piece: number, leaves: MerkleLayer, stream: ContentStream): Uint8Array {
  const file = fileAt(stream, piece * stream.pieceLength)
  return nodesAt(leaves, pieceHeight(stream.pieceLength, sizeAt(stream, file)), hashKernel())
}
