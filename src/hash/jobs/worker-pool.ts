import { Worker } from 'node:worker_threads'
import { BtkitError } from '../../errors.js'
import type { HashJob } from './job.js'
import type { WholeFileJob } from './whole-file-job.js'
import type { WorkerReport } from './worker.js'

/** Threads that take shares of jobs, kept from one job to the next. */
export class WorkerPool {
  readonly #idle: Worker[] = []
  readonly #all = new Set<Worker>()

  /** Threads of a higher niceness, from 0 to 19, leave the processor to others that want it. */
  constructor(readonly niceness = 0) {}

  /**
   * Lets one thread work on a job until its batches are all taken, or read a whole file.
   * @throws BtkitError when that thread fails; others at work on the job go on
   */
  async run(job: HashJob | WholeFileJob): Promise<void> {
    const worker = this.#idle.pop() ?? this.#start()
    try {
      await runShare(worker, job)
    } finally {
      if (this.#all.has(worker)) this.#idle.push(worker)
    }
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()))
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: this.niceness,
      // Their data is in buffers: no need to put off the collection of what little else there is
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    })
    this.#all.add(worker)
    // Before the job that it failed is told of it, so that no other is given to it
    worker.once('error', () => this.#all.delete(worker))
    worker.once('exit', () => this.#all.delete(worker))
    return worker
  }
}

function runShare(worker: Worker, job: HashJob | WholeFileJob): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (report: WorkerReport) => {
      worker.off('error', reject)
      if (report) reject(new BtkitError(report.code, report.message))
      else resolve()
    }
    worker.once('message', settle)
    worker.once('error', reject)
    worker.postMessage(job)
  })
}
