import { setImmediate } from 'node:timers/promises'
import { countBatches, planBatches } from './batch-plan.js'
import { BatchHasher } from './batch-hasher.js'
import { cryptoKernel } from '../kernels/choose.js'
import { isStopped, takeBatch, type HashJob } from './job.js'
import { isNative, runNativeJob } from './native-job.js'

/**
 * Runs one thread's share of a job: takes batches until none is left or the job is stopped. Any
 * number of threads may run the same job; each has its own reader and buffer.
 */
export function runJob(job: HashJob): void {
  if (isNative(job)) {
    runNativeJob(job)
    return
  }
  const batches = hashBatches(job)
  while (!batches.next().done);
}

/**
 * Does the same on node:crypto, but lets the thread do other work between batches, such as handling
 * signals.
 */
export async function runJobInTurns(job: HashJob): Promise<void> {
  const batches = hashBatches(job)
  while (!batches.next().done) await setImmediate()
}

/** Hashes one batch at each step. */
function* hashBatches(job: HashJob): Generator<void> {
  const plan = planBatches(job, cryptoKernel)
  const batchCount = countBatches(plan)
  const hasher = new BatchHasher(job, plan)
  try {
    while (!isStopped(job)) {
      const batch = takeBatch(job)
      if (batch >= batchCount) return
      hasher.hashBatch(batch)
      yield
    }
  } finally {
    hasher.close()
  }
}
