import { setImmediate } from 'node:timers/promises'
import { planBatches } from './batch-plan.js'
import { BatchHasher } from './batch-hasher.js'
import { chooseKernel } from '../kernels/choose.js'
import { isStopped, takeBatch, type HashJob } from './job.js'

/**
 * One thread's share of a job: takes batch after batch until none is left or the job is stopped.
 * Any number of threads may run the same job; each has a reader and a buffer of its own.
 */
export function runJob(job: HashJob): void {
  const batches = hashBatches(job)
  while (!batches.next().done);
}

/** The same, but lets the thread see to other things, such as signals, after each batch. */
export async function runJobInTurns(job: HashJob): Promise<void> {
  const batches = hashBatches(job)
  while (!batches.next().done) await setImmediate()
}

/** Hashes a batch at each step. */
function* hashBatches(job: HashJob): Generator<void> {
  const kernel = chooseKernel(job.kernel)
  const plan = planBatches(job, kernel, job.threads)
  const hasher = new BatchHasher({ job, plan, kernel })
  try {
    while (!isStopped(job)) {
      const batch = takeBatch(job)
      if (batch >= plan.batchCount) return
      hasher.hashBatch(batch)
      yield
    }
  } finally {
    hasher.close()
  }
}
