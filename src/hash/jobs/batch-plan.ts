import type { HashKernel } from '../kernels/kernel.js'
import type { Throttle } from './throttle.js'
import { countSelected, type DigestKind, type PieceSelection } from '../stream/digests.js'

/**
 * Smallest batch in bytes. In smaller batches the calls cost too much compared with the hashing.
 */
const MIN_BATCH = 1024 * 1024

/**
 * Batch size in bytes if only blocks are hashed: blocks need no lanes, so this suits disk reads.
 */
const BLOCKS_BATCH = 8 * 1024 * 1024

/**
 * Longest duration of a batch at a limited rate, in seconds. A pause waits for the end of a batch.
 */
const SLOWEST_BATCH = 0.5

/** How a job is divided into batches, which the threads take in turn. */
export interface BatchPlan {
  readonly pieceCount: number
  /** Pieces of a full batch, and the number of full batches. */
  readonly piecesPerBatch: number
  readonly fullBatches: number
  /**
   * Pieces of each batch after the full ones. These are smaller, so that all threads finish
   * together.
   */
  readonly piecesPerRest: number
}

/** The properties of a job that a plan depends on. */
export interface PlannedJob extends PieceSelection {
  readonly wanted: DigestKind
  readonly threads: number
  readonly throttle?: Throttle | null
}

/** Plans batches with as many pieces as the kernel has lanes. */
export function planBatches(job: PlannedJob, kernel: HashKernel): BatchPlan {
  const pieceCount = countSelected(job)
  const threads = Math.max(1, job.threads)
  const least = Math.max(1, Math.floor(MIN_BATCH / job.stream.pieceLength))
  const piecesPerBatch = Math.max(least, wantedPieces(job, kernel))
  const fullBatches = Math.floor(pieceCount / (threads * piecesPerBatch)) * threads
  const rest = pieceCount - fullBatches * piecesPerBatch
  const piecesPerRest = Math.min(piecesPerBatch, Math.max(least, Math.ceil(rest / threads)))
  return { pieceCount, piecesPerBatch, fullBatches, piecesPerRest }
}

function wantedPieces({ wanted, stream, throttle }: PlannedJob, kernel: HashKernel): number {
  const { pieceLength } = stream
  const usual = wanted === 'blocks' ? Math.floor(BLOCKS_BATCH / pieceLength) : kernel.lanes
  if (!throttle) return usual
  return Math.min(usual, Math.ceil((throttle.bytesPerSecond * SLOWEST_BATCH) / pieceLength))
}

/**
 * Returns the number of a batch's first piece. After the last batch, returns the number of pieces.
 */
export function batchStart(plan: BatchPlan, batch: number): number {
  const full = Math.min(batch, plan.fullBatches)
  const start = full * plan.piecesPerBatch + (batch - full) * plan.piecesPerRest
  return Math.min(start, plan.pieceCount)
}

/** Returns the number of batches. */
export function countBatches(plan: BatchPlan): number {
  const rest = plan.pieceCount - plan.fullBatches * plan.piecesPerBatch
  return plan.fullBatches + Math.ceil(rest / plan.piecesPerRest)
}
