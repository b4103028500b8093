import { rawPath } from '../../../base/text/raw-path.js'
import { asBtkitError, systemError } from '../../../base/errors.js'
import { hashAddon, type Addon, type JobEnd, type NativeJob, hashKernel } from '../kernels.js'
import { becameShorter, isWritten, wasReplaced } from '../stream/reading.js'
import { countFiles, pathAt, streamLength, type ContentStream } from '../stream/content-stream.js'
import { runPortableJob } from './portable-job.js'
import type { HashJob } from './job.js'

/**
 * Runs one thread's share of a job: takes batches until none is left or the job is stopped. Any
 * number of threads may run the same job; each has its own buffer.
 * @throws BtkitError as hashStream does
 */
export function runJob(job: HashJob): void {
  if (job.kernel === 'crypto' || !hashAddon) runPortableJob(job)
  else checkEnd(hashAddon.hashJob(describeJob(job)), job.stream)
}

/**
 * Runs a job in the native addon on threads of its own. They start fast and have no JavaScript. A
 * higher niceness, from 0 to 19, leaves the processor to other processes.
 * @throws BtkitError as hashStream does
 */
export async function runOnNativeThreads(addon: Addon, job: HashJob, niceness = 0): Promise<void> {
  const plan = planBatches(job)
  const count = Math.min(job.threads, plan.batches)
  if (count === 0) return
  const end = await addon.hashJobOnThreads(describeJob(job, plan), count, niceness)
  checkEnd(end, job.stream)
}

/**
 * Smallest batch in bytes. In smaller batches the calls cost too much compared with the hashing.
 */
const MIN_BATCH = 1024 * 1024

/**
 * Batch size in bytes if only blocks are hashed: blocks need no lanes, so this suits disk reads.
 */
const BLOCKS_BATCH = 8 * 1024 * 1024

/** Average size in bytes of small files: to open and read them takes longer than any call. */
const SMALL_FILE = 64 * 1024

/**
 * Divides a job into batches, which the threads take in turn: full ones with as many pieces as the
 * kernel has lanes, then smaller ones, so that all threads finish together.
 */
function planBatches(job: HashJob) {
  const { wanted, stream } = job
  const pieceCount = job.pieces.length
  const threads = Math.max(1, job.threads)
  const isOfSmall = streamLength(stream) < SMALL_FILE * countFiles(stream)
  const least = isOfSmall ? 1 : Math.max(1, Math.floor(MIN_BATCH / stream.pieceLength))
  const blocksBatch = isOfSmall ? MIN_BATCH : BLOCKS_BATCH
  const suited =
    wanted === 'blocks' ? Math.floor(blocksBatch / stream.pieceLength) : hashKernel().lanes
  const piecesPerBatch = Math.max(least, suited)
  const fullBatches = Math.floor(pieceCount / (threads * piecesPerBatch)) * threads
  const rest = pieceCount - fullBatches * piecesPerBatch
  const piecesPerRest = Math.min(piecesPerBatch, Math.max(least, Math.ceil(rest / threads)))
  const batches = fullBatches + Math.ceil(rest / piecesPerRest)
  return { piecesPerBatch, fullBatches, piecesPerRest, batches }
}

function describeJob(
  job: HashJob,
  { piecesPerBatch, fullBatches, piecesPerRest } = planBatches(job),
): NativeJob {
  const { kernel, stream, pieces, digests, throttle, failures, control, progress, isDone } = job
  return {
    kernel,
    directories: Buffer.from(rawPath(stream.directories.concat('').join('\0'))),
    directoryOf: stream.directoryOf,
    names: stream.names,
    nameAt: stream.nameAt,
    identities: stream.identities,
    written: job.writers,
    refusesWritten: job.refusesWritten,
    offsets: stream.offsets,
    pieceLength: stream.pieceLength,
    pieces,
    piecesPerBatch,
    fullBatches,
    piecesPerRest,
    isInOrder: job.threads <= 1,
    wantsPieces: job.wanted !== 'blocks',
    pieceDigests: digests.pieces,
    firstBlocks: digests.firstBlocks,
    blockDigests: digests.blocks,
    control,
    progress,
    isDone,
    nextTurn: throttle?.nextTurn ?? null,
    bytesPerSecond: throttle?.bytesPerSecond ?? 0,
    failedPieces: failures?.pieces ?? null,
    reasons: failures?.reasons ?? null,
  }
}

/** The reasons in native/stream/open_files.h that are not error numbers. */
const BECAME_SHORTER = 1
const WAS_REPLACED = 2
const IS_WRITTEN = 3

function checkEnd(end: JobEnd, stream: ContentStream): void {
  if (end === undefined) return
  const [file, reason] = end
  const path = pathAt(stream, file)
  if (reason === BECAME_SHORTER) throw becameShorter(path)
  if (reason === WAS_REPLACED) throw wasReplaced(path)
  if (reason === IS_WRITTEN) throw isWritten(path)
  throw asBtkitError(systemError(reason, 'read', path), path)
}
