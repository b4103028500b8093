import type { Job } from 'bullmq'
import type { RedisAddress } from '../../redis/address.js'
import { withQueue } from './connect.js'
import { bytesOfPart, decodeJob, decodeProgress, nameOfPart } from './job.js'
import { uncheckedText } from './seal.js'

/** The contents of the queue. MACs are not checked, because that needs the key. */
export interface QueueReport {
  readonly url: string
  /** Names of the workers, in order. */
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

/**
 * Describes the queue.
 * @throws BtkitError `unreachable`
 */
export function inspectQueue(address: RedisAddress): Promise<QueueReport> {
  return withQueue(address, async ({ queue }) => {
    const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'failed')
    const { waiting = 0, prioritized = 0, delayed = 0, failed = 0 } = counts
    const workers = (await queue.getWorkers()).map(({ rawname = '' }) => nameIn(rawname))
    return {
      url: address.label,
      workers: [...new Set(workers)].sort(),
      waiting: waiting + prioritized + delayed,
      active: (await queue.getActive(0, MOST - 1)).map(describeActive),
      failedCount: failed,
      failed: (await queue.getFailed(0, MOST - 1)).map(describeFailed),
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

/** Returns the name that a worker gave its connection. */
function nameIn(connection: string): string {
  return connection.split(':w:')[1] ?? connection
}

function describe({ data, processedBy }: Job): JobSummary {
  const parts = decodeJob(uncheckedText(data)) ?? []
  const [first] = parts
  return {
    name: first ? nameOfPart(first) : 'unknown',
    bytes: parts.reduce((sum, part) => sum + bytesOfPart(part), 0),
    worker: processedBy ?? null,
  }
}

function describeActive(job: Job): ActiveJob {
  const progress = decodeProgress(uncheckedText(job.progress))
  return { ...describe(job), bytesDone: progress?.bytes ?? 0 }
}

function describeFailed(job: Job): FailedJob {
  return { ...describe(job), reason: job.failedReason }
}
