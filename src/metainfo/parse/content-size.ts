import type { MetainfoFile } from '../metainfo.js'
import { metainfoError } from './require-field.js'

/** How many pieces `length` bytes fill, the last one perhaps in part. Exact up to 2^53 - 1. */
export function countPieces(length: number, pieceLength: number): number {
  const rest = length % pieceLength
  return (length - rest) / pieceLength + (rest > 0 ? 1 : 0)
}

/**
 * The bytes of all files together.
 * @throws BtkitError `metainfo` beyond 2^53 - 1
 */
export function totalLength(files: readonly MetainfoFile[]): number {
  let total = 0
  for (const { length } of files) {
    total += length
    if (!Number.isSafeInteger(total))
      throw metainfoError('info', 'the files are too large together')
  }
  return total
}
