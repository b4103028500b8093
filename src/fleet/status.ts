import type { Job, Queue } from 'bullmq'
import type { RedisAddress } from './redis/client.js'
import { listWorkers, withQueue } from './connect.js'
import { bytesOfPart, readJob } from './job.js'

/** The contents of the queue. MACs are not checked, because that needs the key. */
export interface QueueReport {
  readonly url: string
  /** Names of the workers in order, as MACHINE/PROCESS. */
  readonly workers: readonly string[]
  /** Number of jobs that no worker has taken, with those that failed and wait to be tried again. */
  readonly waiting: number
  readonly active: readonly JobSummary[]
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
    const active: JobSummary[] = []
    for (const id of await queue.getRanges(['active'], 0, MOST - 1, true)) {
      active.push(describe(await findJob(queue, id)))
    }
    const failures: FailedJob[] = []
    for (const id of await queue.getRanges(['failed'], 0, MOST - 1)) {
      const job = await findJob(queue, id)
      const broken = `job ${id} is not readable; remove it with: btkit queue clear`
      failures.push({ ...describe(job), reason: job?.failedReason ?? broken })
    }
    return {
      url: address.label,
      workers: (await listWorkers(queue)).sort(),
      waiting: waiting + prioritized + delayed,
      active,
      failedCount: failed,
      failed: failures,
    }
  })
}

/** Finds a job; null if it is gone. One that is no JSON would keep BullMQ from reading others. */
async function findJob(queue: Queue, id: string): Promise<Job | null> {
  return queue.getJob(id).then(
    (job) => job ?? null,
    (error: unknown) => {
      if (error instanceof SyntaxError) return null
      throw error
    },
  )
}

function describe(job: Job | null): JobSummary {
  const part = readJob(job?.data)
  const first = part?.files.find((file) => typeof file !== 'number')
  return {
    name: first ? `${first.share}:${first.path}` : 'unknown',
    bytes: part ? bytesOfPart(part) : 0,
    worker: job?.processedBy ?? null,
  }
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
