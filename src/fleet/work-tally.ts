import { bytesOfPart, nameOfPart, type Part } from './job.js'

/** The jobs of a worker since it started. */
export interface WorkTotals {
  readonly done: number
  /** Bytes of the jobs that are done. */
  readonly bytes: number
  /** Attempts at jobs that failed. Of a job there may be several. */
  readonly failed: number
}

/** Bytes that a worker hashed since it last had no job, and a file of its jobs. */
export interface WorkProgress {
  readonly bytesDone: number
  readonly currentPath: string
}

/** A job that a worker has. */
export interface CountedJob {
  /** Notes how many of its bytes are hashed. */
  readonly report: (bytes: number) => void
  /** Notes that the worker no longer has it. A job that is given back counts for nothing. */
  readonly end: (how: 'done' | 'failed' | 'returned') => void
}

/** Counts the jobs of a worker. */
export class WorkTally {
  readonly totals = { done: 0, bytes: 0, failed: 0 }
  /** Bytes that are hashed of each job that the worker has. */
  readonly #active = new Map<CountedJob, number>()
  /** Bytes of jobs that ended since there was none. */
  #ended = 0

  /** `onProgress` receives null when the worker has no job any more. */
  constructor(private readonly onProgress: (progress: WorkProgress | null) => void) {}

  begin(parts: readonly Part[]): CountedJob {
    const size = parts.reduce((sum, part) => sum + bytesOfPart(part), 0)
    const [first] = parts
    const currentPath = first ? nameOfPart(first) : ''
    const job: CountedJob = {
      report: (bytes) => {
        this.#active.set(job, bytes)
        const bytesDone = [...this.#active.values()].reduce((sum, each) => sum + each, this.#ended)
        this.onProgress({ bytesDone, currentPath })
      },
      end: (how) => {
        this.#active.delete(job)
        this.#ended += how === 'done' ? size : 0
        if (how === 'done') this.totals.bytes += size
        if (how !== 'returned') this.totals[how]++
        if (this.#active.size > 0) return
        this.#ended = 0
        this.onProgress(null)
      },
    }
    this.#active.set(job, 0)
    return job
  }
}
