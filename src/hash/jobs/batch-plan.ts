import { countPieces, streamLength } from '../stream/content-stream.js'
import { countJobPieces, type JobSelection } from './job.js'
import type { HashKernel } from '../kernels/kernel.js'

/**
 * The largest buffer of a thread, in bytes. Larger ones are slower: what was read has left the
 * processor's cache when it is hashed, and a disk waits longer for the next read.
 */
export const MAX_BUFFER = 8 * 1024 * 1024

/** A batch below this many bytes spends too much on the calls around its hashing. */
const MIN_BATCH = 1024 * 1024

/** How a stream is cut into the units of work that threads take in turn. */
export interface BatchPlan {
  /** Whole pieces of a batch; the last batch may have fewer. */
  readonly piecesPerBatch: number
  readonly batchCount: number
  /** Bytes of each piece that are in the buffer at once; the piece length when pieces fit whole. */
  readonly sliceLength: number
  /** Bytes of the buffer that a thread needs. */
  readonly bufferLength: number
}

/**
 * Plans batches that offer the kernel as many pieces as it has lanes. Where so many do not fit the
 * buffer whole they are read slice by slice, in turns; but a thread that reads alone, as spinning
 * disks want it, reads strictly in order, and offers the kernel fewer pieces.
 */
export function planBatches(job: JobSelection, kernel: HashKernel, threads: number): BatchPlan {
  const { pieceLength } = job.stream
  const isAlone = threads === 1
  const fitting = Math.floor(MAX_BUFFER / pieceLength)
  const lanes = isAlone ? Math.max(1, Math.min(kernel.lanes, fitting)) : kernel.lanes
  const sliceLength = Math.min(pieceLength, floorPowerOfTwo(MAX_BUFFER / lanes))
  const wanted = Math.max(lanes, Math.floor(MIN_BATCH / pieceLength))
  const piecesPerBatch = Math.max(1, Math.min(wanted, countJobPieces(job)))
  return {
    piecesPerBatch,
    batchCount: Math.ceil(countJobPieces(job) / piecesPerBatch),
    sliceLength,
    bufferLength: piecesPerBatch * Math.min(sliceLength, longestPiece(job)),
  }
}

function floorPowerOfTwo(n: number): number {
  return 2 ** Math.floor(Math.log2(n))
}

/** The length of the longest piece there is, in bytes: a stream may be shorter than a piece. */
function longestPiece({ stream }: JobSelection): number {
  return countPieces(stream) > 1 ? stream.pieceLength : streamLength(stream)
}
