import type { Job, Queue } from 'bullmq'
import type { RedisAddress } from '../redis/client.js'
import { listWorkers } from './alive.js'
import { withQueue, type QueueConnection } from './connect.js'
import { bytesOfPart, decodeJob, decodeProgress, nameOfPart } from './job.js'
import { uncheckedText } from './job-seal.js'

/** The contents of the queue. MACs are not checked, because that needs the key. */
export interface QueueReport {
  readonly url: string
  /** Names of the workers in order, as MACHINE/PROCESS. */
  readonly workers: readonly string[]
  /** Number of jobs that no worker has taken, with those that failed and wait to be tried again. */
  readonly waiting: number
  readonly active: readonly ActiveJob[]
  /** Number of failed jobs, and the last of them. */
  readonly failedCount: number
  readonly failed: readonly FailedJob[]
}

/** A job, named by its first file. */
interface JobSummary {
  readonly name: string
  readonly bytes: number
  readonly worker: string | null
}

export interface ActiveJob extends JobSummary {
  readonly bytesDone: number
}

export interface FailedJob extends JobSummary {
  readonly reason: string
}

/** Most jobs that a report describes, and that one call removes. */
const MOST = 100
const MOST_REMOVED = 1000

/** Most bytes of a job, as Redis keeps it, that are read. */
const MOST_BYTES = 32 * 1024 ** 2

/**
 * Describes the queue.
 * @throws BtkitError `unreachable`
 */
export function inspectQueue(address: RedisAddress): Promise<QueueReport> {
  return withQueue(address, async (connection) => {
    const { queue, client } = connection
    const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'failed')
    const { waiting = 0, prioritized = 0, delayed = 0, failed = 0 } = counts
    return {
      url: address.label,
      workers: (await listWorkers(client, null)).sort(),
      waiting: waiting + prioritized + delayed,
      active: (await readJobs(connection, 'active')).map(describeActive),
      failedCount: failed,
      failed: (await readJobs(connection, 'failed')).map(describeFailed),
    }
  })
}

/**
 * Removes all failed jobs, and returns their number.
 * @throws BtkitError `unreachable`
 */
export function clearFailed(address: RedisAddress): Promise<number> {
  return withQueue(address, async ({ queue }) => {
    for (let removed = 0; ;) {
      const { length } = await queue.clean(0, MOST_REMOVED, 'failed')
      removed += length
      if (length < MOST_REMOVED) return removed
    }
  })
}

/** A job by its id; null instead of one that is gone, or that somebody broke. */
type ReadJob = readonly [id: string, job: Job | null]

/** Reads jobs one by one: BullMQ reads none of several if one is broken, and each may be large. */
async function readJobs(
  { queue, client }: QueueConnection,
  type: 'active' | 'failed',
): Promise<ReadJob[]> {
  const jobs: ReadJob[] = []
  for (const id of await queue.getRanges([type], 0, MOST - 1, type === 'active')) {
    const bytes = await client.memory('USAGE', queue.toKey(id), 'SAMPLES', 0)
    jobs.push([id, Number(bytes) > MOST_BYTES ? null : await readJob(queue, id)])
  }
  return jobs
}

async function readJob(queue: Queue, id: string): Promise<Job | null> {
  try {
    return (await queue.getJob(id)) ?? null
  } catch (error) {
    // Another error comes from Redis itself
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function describe(job: Job | null): JobSummary {
  const parts = decodeJob(uncheckedText(job?.data)) ?? []
  const [first] = parts
  return {
    name: first ? nameOfPart(first) : 'unknown',
    bytes: parts.reduce((sum, part) => sum + bytesOfPart(part), 0),
    worker: job?.processedBy ?? null,
  }
}

function describeActive([, job]: ReadJob): ActiveJob {
  const progress = decodeProgress(uncheckedText(job?.progress))
  return { ...describe(job), bytesDone: progress?.bytes ?? 0 }
}

function describeFailed([id, job]: ReadJob): FailedJob {
  const broken = `job ${id} is not readable; remove it with: btkit queue clear --failed`
  return { ...describe(job), reason: job === null ? broken : job.failedReason }
}
