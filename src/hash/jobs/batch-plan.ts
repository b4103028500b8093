import type { HashKernel } from '../kernels/kernel.js'
import type { Throttle } from './throttle.js'
import { countSelected, type DigestKind, type PieceSelection } from '../stream/digests.js'

/** A batch below this many bytes spends too much on the calls around its hashing. */
const MIN_BATCH = 1024 * 1024

/** Blocks need no lanes, so a batch is what suits disks to read in one go. */
const BLOCKS_BATCH = 8 * 1024 * 1024

/** Seconds that a batch takes at most at a limited rate: a pause waits for its end. */
const SLOWEST_BATCH = 0.5

/** How a job is cut into the units of work that threads take in turn. */
export interface BatchPlan {
  readonly pieceCount: number
  /** Pieces of a batch, and how many batches of so many there are. */
  readonly piecesPerBatch: number
  readonly fullBatches: number
  /** Pieces of the batches after these, so that in the end all threads have their part. */
  readonly piecesPerRest: number
}

/** What a plan depends on. */
export interface PlannedJob extends PieceSelection {
  readonly wanted: DigestKind
  readonly threads: number
  readonly throttle?: Throttle | null
}

/** Plans batches that offer the kernel as many pieces as it has lanes. */
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

/** The number of the first piece of a batch; from the batch after the last on that of all pieces. */
export function batchStart(plan: BatchPlan, batch: number): number {
  const full = Math.min(batch, plan.fullBatches)
  const start = full * plan.piecesPerBatch + (batch - full) * plan.piecesPerRest
  return Math.min(start, plan.pieceCount)
}

/** How many batches there are. */
export function countBatches(plan: BatchPlan): number {
  const rest = plan.pieceCount - plan.fullBatches * plan.piecesPerBatch
  return plan.fullBatches + Math.ceil(rest / plan.piecesPerRest)
}
