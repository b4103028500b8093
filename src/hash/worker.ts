import { parentPort, workerData } from 'node:worker_threads'
import { BtkitError } from '../errors.js'
import type { HashJob } from './job.js'
import { runJob } from './run-job.js'

/** What a thread reports when it is done: nothing, or the error that ended it. */
export type WorkerReport = null | { code: BtkitError['code']; message: string }

try {
  runJob(workerData as HashJob)
  report(null)
} catch (error) {
  // A BtkitError would lose its code on the way between threads
  if (!(error instanceof BtkitError)) throw error
  report({ code: error.code, message: error.message })
}

function report(message: WorkerReport): void {
  parentPort?.postMessage(message)
}
