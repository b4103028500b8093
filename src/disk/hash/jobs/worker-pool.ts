import { Worker } from 'node:worker_threads'
import { BtkitError } from '../../../base/errors.js'
import type { HashJob } from './job.js'
import type { WorkerReport } from './worker.js'

/** A pool of threads that work on jobs. */
export class WorkerPool {
  readonly #idle: Worker[] = []
  readonly #all = new Set<Worker>()

  /** `niceness` is from 0 to 19; higher values leave the processor to other processes. */
  constructor(readonly niceness = 0) {}

  /**
   * Runs a share of a job on one thread until all pieces are taken.
   * @throws BtkitError if that thread fails; other threads of the job continue
   */
  async run(job: HashJob): Promise<void> {
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
      // Flags of the program, such as --input-type, may not fit a file
      execArgv: [],
      // Their data is in buffers, so a small heap for the few other objects is enough
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    })
    this.#all.add(worker)
    // Before the failed job is notified, so that this thread gets no other job
    worker.once('error', () => this.#all.delete(worker))
    worker.once('exit', () => this.#all.delete(worker))
    return worker
  }
}

function runShare(worker: Worker, job: HashJob): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (report: WorkerReport) => {
      stopListening()
      if (report) reject(new BtkitError(report.code, report.message))
      else resolve()
    }
    const fail = (error: Error) => {
      stopListening()
      reject(error)
    }
    // Ended by close(), or by the code that it runs
    const end = () => {
      fail(new BtkitError('interrupted', 'interrupted'))
    }
    const stopListening = () => {
      worker.off('message', finish).off('error', fail).off('exit', end)
    }
    worker.once('message', finish).once('error', fail).once('exit', end)
    worker.postMessage(job)
  })
}
