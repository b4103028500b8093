import { streamLength } from './content-stream.js'
import { countJobPieces, type JobSelection } from './job.js'
import type { HashKernel } from './kernel.js'

/** The largest buffer of a thread, in bytes: what a call to a kernel may be offered at most. */
export const MAX_BUFFER = 32 * 1024 * 1024

/** A batch below this many bytes spends too much on the calls around its hashing. */
const MIN_BATCH = 2 * 1024 * 1024

/** How a stream is cut into the units of work that threads take in turn. */
export interface BatchPlan {
  /** Whole pieces of a batch; the last batch may have fewer. */
  readonly piecesPerBatch: number
  readonly batchCount: number
  /** Bytes of each lane that are in the buffer at once; the piece length when pieces fit whole. */
  readonly sliceLength: number
  /** Bytes of the buffer that a thread needs. */
  readonly bufferLength: number
}

/**
 * Plans batches that offer the kernel as many pieces as it has lanes, in one sequential stretch of
 * the stream. Long pieces come fewer at a time, so that the buffer stays small and disks read in
 * order; pieces that do not fit the buffer at all are read slice by slice.
 */
export function planBatches(job: JobSelection, kernel: HashKernel): BatchPlan {
  const { pieceLength } = job.stream
  if (pieceLength > MAX_BUFFER) return planSlices(job, kernel)
  const wanted = Math.max(kernel.lanes * pieceLength, MIN_BATCH)
  const fitting = Math.floor(Math.min(wanted, MAX_BUFFER) / pieceLength)
  const piecesPerBatch = Math.max(1, Math.min(fitting, countJobPieces(job)))
  return {
    piecesPerBatch,
    batchCount: Math.ceil(countJobPieces(job) / piecesPerBatch),
    sliceLength: pieceLength,
    bufferLength: Math.min(piecesPerBatch * pieceLength, streamLength(job.stream)),
  }
}

/** Lanes for pieces read in slices: enough for interleaving, few enough for disks. */
const SLICED_LANES = 4

function planSlices(job: JobSelection, kernel: HashKernel): BatchPlan {
  const lanes = Math.min(kernel.lanes, SLICED_LANES)
  const sliceLength = MAX_BUFFER / SLICED_LANES
  return {
    piecesPerBatch: lanes,
    batchCount: Math.ceil(countJobPieces(job) / lanes),
    sliceLength,
    bufferLength: lanes * sliceLength,
  }
}
