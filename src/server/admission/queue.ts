import { NotReady, throttled } from '../headers/refusal.js'
import { Shares } from '../connections/connection-limits.js'
import { FairQueue } from '../connections/fair-queue.js'
import { counted } from '../../base/text/quantity.js'

interface QueueLimits {
  /** Most jobs that run at once. */
  readonly limit: number
  /** Most jobs that wait. */
  readonly maxWaiting: number
  /** Most jobs of one client, running and waiting. */
  readonly maxPerClient: number
  /** The largest size of a small job. */
  readonly small: number
}

/** Work that takes its turn in a queue. */
export interface QueuedWork {
  /** Its size, for example in bytes to read. */
  readonly size: number
  /** The client; null if unknown. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal?: AbortSignal | undefined
  /** The real paths of files that no other job should read meanwhile. */
  readonly files?: ReadonlySet<string>
  /** Whether nobody waits for the work. */
  readonly isAhead?: boolean
}

/**
 * A job waits for others that hold its files and have at most `factor` times its size left, plus
 * `bytes`.
 */
const PATIENCE = { factor: 4, bytes: 64 * 1024 * 1024 }

/** A job of a queue, with its progress. */
export class QueuedJob {
  /** Size of the part that is done; null while the job waits. */
  done: number | null = null
  /** When it began, in milliseconds of `performance.now`. */
  begunAt = 0
  /** Called by the queue when it begins, or has to leave before that. */
  begin: () => void = () => undefined
  leave: (reason: Error) => void = () => undefined
  /** Running jobs that hold its files. */
  readonly holders = new Set<QueuedJob>()

  constructor(readonly of: QueuedWork) {}

  /** Size of the part that is not done. */
  get left(): number {
    return this.of.size - (this.done ?? 0)
  }

  /**
   * Whether it must wait for a running job, because that holds one of its files. Work ahead may be
   * slow.
   */
  waitsFor({ of, left }: QueuedJob): boolean {
    const isDoneSoon = !of.isAhead && left <= PATIENCE.factor * this.of.size + PATIENCE.bytes
    return isDoneSoon && haveCommon(this.of.files, of.files)
  }

  /** The part that is done, also by the jobs that it waits for; null if none is. */
  get reached(): Pick<QueuedJob, 'done' | 'begunAt'> | null {
    if (this.done !== null) return this
    const [last] = [...this.holders].sort((a, b) => b.left - a.left)
    return last ? { done: Math.max(0, this.of.size - last.left), begunAt: last.begunAt } : null
  }
}

/** Whether two sets have a common element. */
function haveCommon(a: ReadonlySet<string> = NONE, b: ReadonlySet<string> = NONE): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a]
  for (const each of few) if (many.has(each)) return true
  return false
}

const NONE: ReadonlySet<string> = new Set()

/** The small ones; the large ones; those that nobody waits for. */
type Lane = 'small' | 'large' | 'ahead'

/** Most jobs at once that nobody waits for. */
const MOST_AHEAD = 2

/**
 * Runs a few jobs at once, small ones first. Without it, one client's large files would keep all
 * others waiting, and any number of requests could be under way. A file that several torrents
 * contain would be read for each. The oldest large job has a place even if small ones keep coming,
 * and a small one has a place beside large ones that take hours. A job that nobody waits for begins
 * when there is no other, and takes no place from others.
 */
export class Queue {
  /** The sizes of what was done since the start, and of that what nobody waited for. */
  readonly total = { done: 0, ahead: 0 }
  /** Number of jobs that have ended. */
  ended = 0
  /** Clients have turns, so that none waits for all jobs of another. */
  readonly #waiting = {
    small: new FairQueue<QueuedJob>(),
    large: new FairQueue<QueuedJob>(),
    ahead: new FairQueue<QueuedJob>(),
  }
  readonly #running = {
    small: new Set<QueuedJob>(),
    large: new Set<QueuedJob>(),
    ahead: new Set<QueuedJob>(),
  }
  readonly #clients: Shares

  constructor(private readonly limits: QueueLimits) {
    const { maxPerClient: perClient } = limits
    this.#clients = new Shares({ all: Infinity, perClient, perNetwork: Infinity })
  }

  /** Number of running jobs that somebody waits for. */
  get running(): number {
    return this.#running.small.size + this.#running.large.size
  }

  /** Number of waiting jobs that somebody waits for. */
  get length(): number {
    return this.#waiting.small.size + this.#waiting.large.size
  }

  /** Number of running jobs that nobody waits for. */
  get ahead(): number {
    return this.#running.ahead.size
  }

  /**
   * Enters a job, which must be ended. Null if it begins at once; else a promise that resolves when
   * it begins, or rejects with the reason of its signal; then it has ended.
   * @throws NotReady if too many jobs wait, or the client has too many; the signal's reason
   */
  enter(job: QueuedJob): Promise<void> | null {
    const { signal, isAhead } = job.of
    signal?.throwIfAborted()
    if (!isAhead) this.#admit(job)
    const { small, large, ahead } = this.#running
    for (const other of [...small, ...large, ...ahead])
      if (job.waitsFor(other)) job.holders.add(other)
    const lane = this.#laneOf(job)
    const waiting = this.#waiting[lane]
    const turn = new Promise<void>((resolve, reject) => {
      const abort = () => {
        job.leave(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort)
      waiting.add(job.of.client, job)
      job.begin = () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      job.leave = (reason) => {
        signal?.removeEventListener('abort', abort)
        waiting.delete(job.of.client, job)
        this.end(job)
        reject(reason)
      }
    })
    this.#fill()
    return this.#running[lane].has(job) ? null : turn
  }

  /** Notes which part of a running job is done. The count may lag behind, or include padding. */
  note(job: QueuedJob, done: number): void {
    const before = job.done ?? 0
    job.done = Math.max(before, Math.min(done, job.of.size))
    this.total.done += job.done - before
    if (job.of.isAhead) this.total.ahead += job.done - before
  }

  /** Ends a job, and lets others begin. */
  end(job: QueuedJob): void {
    const { client } = job.of
    this.#running[this.#laneOf(job)].delete(job)
    this.#clients.give(client)
    for (const other of this.#waitingBeside(job)) other.holders.delete(job)
    this.ended++
    this.#fill()
  }

  /** Counts a job of a client. In a full queue, the newest of those that have most gives way. */
  #admit({ of: { client } }: QueuedJob): void {
    const { maxWaiting, maxPerClient } = this.limits
    if (!this.#clients.take(client)) {
      const own = `${counted(maxPerClient, 'request')} of yours, the most of one client,`
      throw throttled(`${own} are under way; send fewer at once, or try again in 5 s`, 5)
    }
    if (this.length < maxWaiting) return
    const { small, large } = this.#waiting
    const [more, fewer] = small.size > large.size ? [small, large] : [large, small]
    const dropped = more.dropFor(client) ?? fewer.dropFor(client)
    if (!dropped) this.#clients.give(client)
    const busy = new NotReady('the server is busy; try again in 10 s', 10)
    if (!dropped) throw busy
    dropped.leave(busy)
  }

  /** The jobs that may wait for a running one: none if it reads no files. */
  #waitingBeside({ of }: QueuedJob): QueuedJob[] {
    if (!of.files) return []
    return Object.values(this.#waiting).flatMap((waiting) => waiting.all())
  }

  #laneOf({ of: { isAhead, size } }: QueuedJob): Lane {
    if (isAhead) return 'ahead'
    return size <= this.limits.small ? 'small' : 'large'
  }

  /** Lets jobs begin as far as there are places. */
  #fill(): void {
    if (this.#running.large.size === 0) this.#begin('large')
    while (this.#hasPlace('small') && this.#begin('small'));
    while (this.#hasPlace('large') && this.#begin('large'));
    if (this.running > 0 || this.length > 0) return
    while (this.ahead < MOST_AHEAD && this.#begin('ahead'));
  }

  #hasPlace(lane: 'small' | 'large'): boolean {
    return this.running < this.limits.limit || this.#running[lane].size === 0
  }

  /** Lets the next job of a lane begin; returns false if none may. */
  #begin(lane: Lane): boolean {
    const running = this.#running[lane]
    const job = this.#waiting[lane].next(({ holders }) => holders.size === 0)
    if (!job) return false
    running.add(job)
    job.begunAt = performance.now()
    for (const other of this.#waitingBeside(job)) if (other.waitsFor(job)) other.holders.add(job)
    job.begin()
    return true
  }
}
