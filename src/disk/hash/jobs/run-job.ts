import { rawPath } from '../../../base/text/raw-path.js'
import { asBtkitError, systemError } from '../../../base/errors.js'
import {
  loadAddon,
  type Addon,
  type JobEnd,
  type NativeJob,
  type NativeName,
  chooseKernel,
} from '../kernels.js'
import { becameShorter, isWritten, wasReplaced } from '../stream/reading.js'
import { pathAt, type ContentStream } from '../stream/content-stream.js'
import { runPortableJob } from './portable-job.js'
import { planBatches, type HashJob } from './job.js'

/** Whether the native addon does a job, including reading. */
export function isNative(job: HashJob): job is HashJob & { kernel: NativeName } {
  return job.kernel !== 'crypto'
}

/**
 * Runs one thread's share of a job: takes batches until none is left or the job is stopped. Any
 * number of threads may run the same job; each has its own buffer.
 * @throws BtkitError as hashStream does
 */
export function runJob(job: HashJob): void {
  if (isNative(job)) checkEnd(requireAddon(job).hashJob(describeJob(job)), job.stream)
  else runPortableJob(job)
}

/**
 * Runs a job in the native addon on threads of its own. They start fast and have no JavaScript. A
 * higher niceness, from 0 to 19, leaves the processor to other processes.
 * @throws BtkitError as hashStream does
 */
export async function runOnNativeThreads(
  job: HashJob & { kernel: NativeName },
  count: number,
  niceness: number,
): Promise<void> {
  const end = await requireAddon(job).hashJobOnThreads(describeJob(job), count, niceness)
  checkEnd(end, job.stream)
}

/** Returns the native addon. If it is missing, chooseKernel throws an error with the reason. */
function requireAddon(job: HashJob): Addon {
  chooseKernel(job.kernel)
  const addon = loadAddon()
  if (!addon) throw new Error('kernels without the accelerator')
  return addon
}

function describeJob(job: HashJob & { kernel: NativeName }): NativeJob {
  const { kernel, stream, pieces, digests, throttle, failures, writers, control, progress } = job
  const { paths } = stream
  const { piecesPerBatch, fullBatches, piecesPerRest } = planBatches(job, chooseKernel(kernel))
  return {
    kernel,
    directories: Buffer.from(rawPath(paths.directories.concat('').join('\0'))),
    directoryOf: paths.directoryOf,
    names: paths.names,
    nameAt: paths.nameAt,
    identities: stream.identities,
    written: writers?.files ?? null,
    refusesWritten: writers?.areRefused ?? false,
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
