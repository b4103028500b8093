import { once } from 'node:events'
import type { Job } from 'bullmq'
import { callWithin } from '../bounded-call.js'
import { ConcurrencyLimit } from '../files/concurrency-limit.js'
import type { RedisAddress } from '../redis/client.js'
import { reportAlive } from './alive.js'
import { openQueue, queueTimes, type QueueConnection } from './connect.js'
import { hashPart, type PartContext } from './hash-part.js'
import { decodeJob, encodeProgress, encodeResult, type Part, type PartDigests } from './job.js'
import { seal, unseal, type Sealed } from './job-seal.js'
import { WorkTally, type CountedJob, type WorkProgress, type WorkTotals } from './work-tally.js'

/** A worker, and what it needs. */
export interface WorkRequest extends PartContext {
  readonly address: RedisAddress
  /** Keys of the MAC; the first is for results. */
  readonly keys: readonly Uint8Array[]
  /** This machine's name. */
  readonly machine: string
  readonly warn: (message: string) => void
  /** Receives null when there is no job any more. */
  readonly onProgress: (progress: WorkProgress | null) => void
  readonly signal: AbortSignal
}

/**
 * Takes jobs from the queue until the signal aborts, and returns what became of them. Unfinished jobs
 * are given back then.
 */
export async function work(request: WorkRequest): Promise<WorkTotals> {
  const { address, machine, signal } = request
  const onError = (why: string) => {
    warn(`${address.label}: ${why}; waiting for it`)
  }
  // All ranges of a file may fail for the same reason
  let told = ''
  const warn = (message: string) => {
    if (message !== told) request.warn(message)
    told = message
  }
  const connection = await openQueue(address, { onError })
  connection.client.on('ready', () => {
    told = ''
  })
  const { bullmq, name, options } = connection
  const tally = new WorkTally(request.onProgress)
  const processJobs = (job: Job, token?: string) =>
    processJob({ job, token, connection, tally }, { ...request, warn })
  // Machines may have several workers
  const worker = `${machine}/${process.pid}`
  const taking = new bullmq.Worker(name, processJobs, {
    ...options,
    name: worker,
    concurrency: 2,
    lockDuration: queueTimes.lock,
    stalledInterval: queueTimes.stalled,
    // A job may be taken again as often as machines die
    maxStalledCount: 10,
    runRetryDelay: queueTimes.backoff,
  })
  taking.on('error', () => undefined)
  const endSigns = reportAlive(connection.client, { keys: request.keys, worker })
  if (!signal.aborted) await once(signal, 'abort')
  void endSigns().catch(() => undefined)
  // Without Redis no job can be given back
  const isGone = connection.client.status !== 'ready'
  const closing = taking.close(isGone).catch(() => undefined)
  await callWithin({ timeoutMs: queueTimes.answer }, () => closing).catch(() => undefined)
  await connection.close()
  return tally.totals
}

/** A job that this worker has taken. */
interface TakenJob {
  readonly job: Job
  readonly token: string | undefined
  readonly connection: QueueConnection
  readonly tally: WorkTally
}

async function processJob(taken: TakenJob, request: WorkRequest): Promise<Sealed> {
  const { job, token, connection, tally } = taken
  const { keys, machine, warn, signal } = request
  const { UnrecoverableError, WaitingError } = connection.bullmq
  const text = unseal({ kind: 'job', job: '' }, job.data, keys)
  const parts = text === null ? null : decodeJob(text)
  const counted = tally.begin(parts ?? [])
  if (parts === null) {
    counted.end('failed')
    warn('refused a job that is not signed with the key')
    throw new UnrecoverableError(`not signed with the key of worker ${machine}`)
  }
  try {
    const digests = await hashParts(parts, { ...taken, counted }, request)
    counted.end('done')
    const { mac } = job.data as Sealed
    return seal({ kind: 'result', job: mac }, encodeResult({ machine, digests }), keys)
  } catch (error) {
    counted.end(signal.aborted ? 'returned' : 'failed')
    if (signal.aborted) {
      await job.moveToWait(token)
      throw new WaitingError()
    }
    const why = error instanceof Error ? error.message : String(error)
    warn(why)
    throw new Error(`${why} (worker ${machine})`, { cause: error })
  }
}

/** Hashes the parts of a job: a large one with all threads, small ones with a thread each. */
async function hashParts(
  parts: readonly Part[],
  { job, counted }: TakenJob & { readonly counted: CountedJob },
  request: WorkRequest,
): Promise<PartDigests[]> {
  const { engine, keys, machine } = request
  const bytes = parts.map(() => 0)
  let sum = 0
  const report = () => {
    const text = encodeProgress({ machine, bytes: sum })
    const sealed = seal({ kind: 'progress', job: job.id ?? '' }, text, keys)
    // A job that somebody removed has no progress any more
    void job.updateProgress(sealed).catch(() => undefined)
  }
  const timer = setInterval(report, queueTimes.progress)
  const limit = new ConcurrencyLimit(engine.threads)
  const context = parts.length === 1 ? request : { ...request, engine: { ...engine, threads: 1 } }
  try {
    return await Promise.all(
      parts.map((part, i) =>
        limit.run(() =>
          hashPart(part, context, (done) => {
            sum += done - (bytes[i] ?? 0)
            bytes[i] = done
            counted.report(sum)
          }),
        ),
      ),
    )
  } finally {
    clearInterval(timer)
  }
}
