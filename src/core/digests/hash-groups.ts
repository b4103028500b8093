import {
  hashStream,
  Unfinished,
  type HashOptions,
  type HashSelection,
} from '../../hash/hash-stream.js'
import type { ContentStream } from '../../hash/stream/content-stream.js'
import type { DigestKind, StreamDigests } from '../../hash/stream/digests.js'
import { groupPieces } from '../../hash/stream/piece-groups.js'

/** Number of blocks whose digests (32 bytes each) are in memory at a time: those of 8 GiB. */
const MOST_BLOCKS = 2 ** 19

/** The part of a stream to read. */
export interface GroupedReading {
  readonly stream: ContentStream
  /** The indices of the pieces in ascending order, and the number of pieces of the stream. */
  readonly pieces: Uint32Array
  readonly pieceCount: number
  readonly wanted: Exclude<DigestKind, 'pieces'>
}

/** The digests of some pieces. `unfinished` says why only the first of them were read, if so. */
export interface ReadGroup extends StreamDigests {
  readonly indices: Uint32Array
  readonly unfinished: Unfinished | null
}

/**
 * Hashes pieces without blocks.
 * @throws as hashStream, except Unfinished
 */
export async function hashAtOnce(
  { stream, pieces, pieceCount }: Omit<GroupedReading, 'wanted'>,
  engine: HashOptions,
): Promise<ReadGroup> {
  const selection = pieces.length === pieceCount ? undefined : pieces
  const what = { pieces: selection, wanted: 'pieces' } as const
  const { pieces: digests, blocks, unfinished } = await hashAsFarAsCan(stream, engine, what)
  return { indices: pieces, pieces: digests, blocks, unfinished }
}

/**
 * Hashes pieces in groups whose block digests fit into memory. Progress continues from group to
 * group. An unfinished group is the last.
 * @throws as hashStream, except Unfinished
 */
export async function* hashInGroups(
  { stream, pieces, pieceCount, wanted }: GroupedReading,
  engine: HashOptions,
  mostBlocks = MOST_BLOCKS,
): AsyncGenerator<ReadGroup> {
  let bytesBefore = 0
  for (const { pieces: indices, fileBytes } of groupPieces(stream, pieces, mostBlocks)) {
    const what = { pieces: indices.length === pieceCount ? undefined : indices, wanted }
    const read = await hashAsFarAsCan(stream, countingFrom(bytesBefore, engine), what)
    yield { indices, ...read }
    if (read.unfinished) return
    bytesBefore += wanted === 'blocks' ? fileBytes : indices.length * stream.pieceLength
  }
}

function countingFrom(bytesBefore: number, engine: HashOptions): HashOptions {
  const onProgress: HashOptions['onProgress'] = ({ bytesDone, currentPath }) => {
    engine.onProgress?.({ bytesDone: bytesBefore + bytesDone, currentPath })
  }
  return { ...engine, onProgress }
}

async function hashAsFarAsCan(stream: ContentStream, engine: HashOptions, what: HashSelection) {
  try {
    const { pieces, blocks } = await hashStream(stream, engine, what)
    return { pieces, blocks, unfinished: null }
  } catch (error) {
    if (error instanceof Unfinished) return { ...error.digests, unfinished: error }
    throw error
  }
}
