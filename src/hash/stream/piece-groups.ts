import { BLOCK_LENGTH, bytesOfFile } from './digests.js'
import type { ContentStream } from './content-stream.js'

/** Some pieces of a stream, to be hashed before the others. */
export interface PieceGroup {
  /** Their indices, in order. */
  readonly pieces: Uint32Array
  /** The bytes in them that are of files and not of padding. */
  readonly fileBytes: number
}

/**
 * Parts pieces into groups of so many blocks (BEP 52) that their digests fit into memory, however
 * large the stream is. The files of the stream begin on piece boundaries.
 */
export function* groupPieces(
  stream: ContentStream,
  pieces: Uint32Array,
  mostBlocks: number,
): Generator<PieceGroup> {
  let [begin, blocks, fileBytes] = [0, 0, 0]
  for (const [at, piece] of pieces.entries()) {
    const bytes = bytesOfFile(stream, piece)
    const count = Math.ceil(bytes / BLOCK_LENGTH)
    if (at > begin && blocks + count > mostBlocks) {
      yield { pieces: pieces.subarray(begin, at), fileBytes }
      ;[begin, blocks, fileBytes] = [at, 0, 0]
    }
    blocks += count
    fileBytes += bytes
  }
  if (begin < pieces.length) yield { pieces: pieces.subarray(begin), fileBytes }
}
