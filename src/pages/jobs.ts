import { randomBytes } from 'node:crypto'
import { BtkitError } from '../errors.js'

/** How a job stands. */
export type JobState = 'running' | 'done' | 'failed' | 'cancelled'

/** The jobs that are kept; older ones that ended are forgotten. */
const MOST_KEPT = 50

/** The facts about a job. */
export interface JobFacts {
  /** Names the work for people. */
  readonly title: string
  /** The page that began it, and shows its result. */
  readonly tool: string
  /** The path of what is worked on. */
  readonly path: string
}

/** How far work on files has come. */
export interface Progress {
  readonly bytesDone: number
  readonly bytesTotal: number
  /** A file that is being read. */
  readonly path: string
}

/** Work that has begun, and may say how far it is. */
export type Work<T> = Promise<T> | (Promise<T> & AsyncIterable<Progress>)

/** Work that a page began, and that goes on when the page is left. */
export class Job<T = unknown> {
  readonly id = randomBytes(8).toString('hex')
  state: JobState = 'running'
  progress: Progress | null = null
  result: T | null = null
  error: string | null = null
  readonly #controller = new AbortController()
  readonly #begun: number
  #ended: number | null = null

  constructor(
    readonly about: JobFacts,
    private readonly now: () => number,
  ) {
    this.#begun = now()
  }

  /** Milliseconds that it took, or takes so far. */
  get elapsed(): number {
    return (this.#ended ?? this.now()) - this.#begun
  }

  cancel(): void {
    this.#controller.abort()
  }

  /** Runs the work to its end; never rejects. */
  async follow(begin: (signal: AbortSignal) => Work<T>): Promise<void> {
    try {
      const work = begin(this.#controller.signal)
      if (Symbol.asyncIterator in work) void this.#watch(work)
      this.result = await work
      this.state = 'done'
    } catch (error) {
      const isCancelled = error instanceof BtkitError && error.code === 'interrupted'
      this.state = isCancelled ? 'cancelled' : 'failed'
      this.error = error instanceof Error ? error.message : String(error)
    } finally {
      this.#ended = this.now()
    }
  }

  async #watch(work: AsyncIterable<Progress>): Promise<void> {
    try {
      for await (const progress of work) this.progress = progress
    } catch {
      // The result says what failed
    }
  }
}

/** The jobs of the pages. */
export class Jobs {
  readonly #jobs = new Map<string, Job>()
  readonly #ends = new Set<Promise<void>>()

  /** `now` is a clock in milliseconds that never jumps. */
  constructor(
    private readonly now: () => number,
    private readonly onEnd: () => void,
  ) {}

  /** Starts work and returns its job. */
  start<T>(about: JobFacts, begin: (signal: AbortSignal) => Work<T>): Job<T> {
    const job = new Job<T>(about, this.now)
    this.#jobs.set(job.id, job)
    this.#forget()
    const end = job.follow(begin).then(() => {
      this.#ends.delete(end)
      this.onEnd()
    })
    this.#ends.add(end)
    return job
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id)
  }

  /** The jobs, newest first. */
  list(): Job[] {
    return [...this.#jobs.values()].reverse()
  }

  get isBusy(): boolean {
    return this.list().some(({ state }) => state === 'running')
  }

  /** Resolves when all work has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#ends)
  }

  cancelAll(): void {
    for (const job of this.#jobs.values()) job.cancel()
  }

  #forget(): void {
    for (const [id, { state }] of this.#jobs) {
      if (this.#jobs.size <= MOST_KEPT) break
      if (state !== 'running') this.#jobs.delete(id)
    }
  }
}
