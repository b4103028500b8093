import { BLOCK_LENGTH, bytesOfFile } from './digests.js'
import type { ContentStream } from './content-stream.js'

/** A group of pieces of a stream that is hashed together. */
export interface PieceGroup {
  /** The indices of the pieces, in ascending order. */
  readonly pieces: Uint32Array
  /** Bytes of files in these pieces, without padding. */
  readonly fileBytes: number
}

/**
 * Divides pieces into groups of at most `mostBlocks` blocks (BEP 52), so that their digests fit
 * into memory. The stream's files must begin on piece boundaries.
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
