import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { BtkitError } from '../../../base/errors.js'
import type { HashJob } from './job.js'
import { runJob } from './run-job.js'

/** A thread's report at the end of its share: null, or the error that ended it. */
export type WorkerReport = null | { code: BtkitError['code']; message: string }

yieldTo(workerData as number)

/**
 * Sets the niceness of this thread. Only on Linux, because elsewhere it would change the whole
 * process.
 */
function yieldTo(niceness: number): void {
  if (niceness > 0 && process.platform === 'linux') setPriority(niceness)
}

parentPort?.on('message', (job: HashJob) => {
  parentPort?.postMessage(runShare(job))
})

function runShare(job: HashJob): WorkerReport {
  try {
    runJob(job)
    return null
  } catch (error) {
    // A BtkitError would lose its code on the way between threads
    if (error instanceof BtkitError) return { code: error.code, message: error.message }
    throw error
  }
}
