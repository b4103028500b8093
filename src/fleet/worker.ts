import { once } from 'node:events'
import type { Job } from 'bullmq'
import { callWithin } from '../bounded-call.js'
import { ConcurrencyLimit } from '../files/concurrency-limit.js'
import type { RedisAddress } from '../redis/client.js'
import { openQueue, queueTimes, type QueueConnection } from './connect.js'
import { hashPart, type PartContext } from './hash-part.js'
import { encodeResult, openJob, resultSubject, type Part } from './job.js'
import { seal } from './seal.js'

/** A worker, and what it needs. */
export interface WorkRequest extends PartContext {
  readonly address: RedisAddress
  /** Keys of the MAC; the first is for results. */
  readonly keys: readonly Uint8Array[]
  /** This machine's name. */
  readonly machine: string
  readonly warn: (message: string) => void
  readonly signal: AbortSignal
}

/** Takes jobs from the queue until the signal aborts. Unfinished jobs are given back then. */
export async function work(request: WorkRequest): Promise<void> {
  const { address, machine, signal } = request
  // All ranges of a file may fail for the same reason
  let last = ''
  const warn = (message: string) => {
    if (message !== last) request.warn(message)
    last = message
  }
  const onError = (why: string) => {
    warn(`${address.label}: ${why}; waiting for it`)
  }
  const connection = await openQueue(address, { onError })
  const { bullmq, name, options, client } = connection
  client.on('ready', () => {
    last = ''
  })
  const processJob = async (job: Job, token?: string) => {
    try {
      return await hashJob(job, connection, { ...request, warn })
    } catch (error) {
      if (error instanceof bullmq.UnrecoverableError) throw error
      if (signal.aborted) {
        await job.moveToWait(token)
        throw new bullmq.WaitingError()
      }
      const why = error instanceof Error ? error.message : String(error)
      warn(why)
      throw new Error(`${why} (worker ${machine})`, { cause: error })
    }
  }
  const taking = new bullmq.Worker(name, processJob, {
    ...options,
    // Machines may have several workers
    name: `${machine}/${process.pid}`,
    concurrency: 2,
    lockDuration: queueTimes.lock,
    stalledInterval: queueTimes.stalled,
    // A job may be taken again as often as machines die
    maxStalledCount: 10,
    runRetryDelay: queueTimes.backoff,
  })
  taking.on('error', () => undefined)
  if (!signal.aborted) await once(signal, 'abort')
  // Without Redis no job can be given back
  const isGone = client.status !== 'ready'
  const closing = taking.close(isGone).catch(() => undefined)
  await callWithin({ timeoutMs: queueTimes.answer }, () => closing).catch(() => undefined)
  await connection.close()
}

/** Hashes the parts of a job: a large one with all threads, small ones with a thread each. */
async function hashJob(
  job: Job,
  { bullmq }: QueueConnection,
  request: WorkRequest,
): Promise<string> {
  const { engine, keys, machine, warn } = request
  const parts: readonly Part[] | null = openJob(job.data, keys)
  if (parts === null) {
    warn('refused a job that is not signed with the key')
    throw new bullmq.UnrecoverableError(`not signed with the key of worker ${machine}`)
  }
  const bytes = parts.map(() => 0)
  let reported = 0
  const report = () => {
    const sum = bytes.reduce((total, each) => total + each, 0)
    // A worker that reads nothing must count as silent
    if (sum === reported) return
    reported = sum
    // A job that somebody removed has no progress any more
    void job.updateProgress(sum).catch(() => undefined)
  }
  const timer = setInterval(report, queueTimes.progress)
  const limit = new ConcurrencyLimit(engine.threads)
  const context = parts.length === 1 ? request : { ...request, engine: { ...engine, threads: 1 } }
  try {
    const digests = await Promise.all(
      parts.map((part, i) => {
        const onProgress = (done: number) => (bytes[i] = done)
        return limit.run(() => hashPart(part, context, onProgress))
      }),
    )
    return seal(resultSubject(String(job.data)), encodeResult(digests), keys).toString('base64')
  } finally {
    clearInterval(timer)
  }
}
