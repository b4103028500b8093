import { NotReady, throttled } from '../../server/answers/refusal.js'
import { counted } from '../../text/quantity.js'

interface JobLimits {
  /** Most jobs that run at once. */
  readonly limit: number
  /** Most small ones, if they have places of their own. */
  readonly limitOfSmall?: number
  /** Most jobs that wait. */
  readonly maxWaiting: number
  /** Most jobs of one client, running and waiting. */
  readonly maxPerClient: number
  /** Most jobs of one client and one lane that run at once; absent if it may have all places. */
  readonly maxRunningPerClient?: number
  /** The largest size of a small job. */
  readonly small: number
}

/** Work that takes its turn in a queue. */
export interface QueuedJob {
  /** Its size, for example in bytes to read. */
  readonly size: number
  /** The client; null if unknown. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal?: AbortSignal | undefined
}

/** Work that nobody waits for. */
interface AheadJob {
  /** Aborts, with its reason, when the work is no longer wanted. */
  readonly signal: AbortSignal
  /** Called when other work begins to wait; the work must end soon. */
  readonly giveWay: () => void
}

type Lane = 'small' | 'large'

interface Turn {
  /** Lets the job begin. */
  readonly begin: () => void
  readonly client: string | null
}

/** Waiting jobs. Clients have turns, so that none waits for all jobs of another. */
class Turns {
  /** Functions that let a job begin, by its client; the next one's turn is first. */
  readonly #byClient = new Map<string | null, Set<() => void>>()
  size = 0

  add(begin: () => void, client: string | null): void {
    const own = this.#byClient.get(client) ?? new Set()
    this.#byClient.set(client, own.add(begin))
    this.size++
  }

  delete(begin: () => void, client: string | null): void {
    const own = this.#byClient.get(client)
    if (!own?.delete(begin)) return
    this.size--
    if (own.size === 0) this.#byClient.delete(client)
  }

  /** The job whose turn it is, of a client that may have one; that client is the last from then on. */
  next(isAllowed: (client: string | null) => boolean): Turn | undefined {
    for (const [client, own] of this.#byClient) {
      const [begin] = own
      if (!begin || !isAllowed(client)) continue
      this.#byClient.delete(client)
      this.#byClient.set(client, own)
      return { begin, client }
    }
    return undefined
  }
}

/** Most jobs at once that nobody waits for. */
const MOST_AHEAD = 2

/**
 * Runs a few jobs at once, small ones first. Without it, one client's large files would keep all
 * others waiting, and any number of requests could be under way. The oldest large job has a place
 * even if small ones keep coming, and a small one has a place beside large ones that take hours.
 */
export class JobQueue {
  readonly #waiting: Record<Lane, Turns> = { small: new Turns(), large: new Turns() }
  readonly #running: Record<Lane, number> = { small: 0, large: 0 }
  readonly #perClient = new Map<string, number>()
  readonly #runningOf: Record<Lane, Map<string | null, number>> = {
    small: new Map(),
    large: new Map(),
  }
  readonly #aheadWaiting = new Turns()
  readonly #ahead = new Set<AheadJob>()
  /** Number of jobs whose turn has come, but which are not in the set yet. */
  #aheadBeginning = 0

  constructor(private readonly limits: JobLimits) {}

  /** Number of running jobs. */
  get running(): number {
    return this.#running.small + this.#running.large
  }

  /** Number of waiting jobs. */
  get length(): number {
    return this.#waiting.small.size + this.#waiting.large.size
  }

  /** Number of running jobs that nobody waits for. */
  get ahead(): number {
    return this.#ahead.size
  }

  /**
   * Does the work when its turn has come.
   * @throws NotReady if too many jobs wait, or the client has too many; the signal's reason while
   *   the job waits
   */
  async run<T>({ size, client, signal }: QueuedJob, work: () => Promise<T>): Promise<T> {
    if (this.length >= this.limits.maxWaiting) {
      throw new NotReady('the server is busy; try again in 10 s', 10)
    }
    const leave = this.#admit(client)
    for (const job of this.#ahead) job.giveWay()
    const lane = size <= this.limits.small ? 'small' : 'large'
    try {
      await this.#turn(this.#waiting[lane], client, signal)
      try {
        return await work()
      } finally {
        this.#count(lane, client, -1)
      }
    } finally {
      leave()
      this.#fill()
    }
  }

  /**
   * Does work that nobody waits for, once no other job runs or waits.
   * @throws the signal's reason while the job waits
   */
  async runAhead<T>(job: AheadJob, work: () => Promise<T>): Promise<T> {
    await this.#turn(this.#aheadWaiting, null, job.signal)
    this.#aheadBeginning--
    this.#ahead.add(job)
    // A job may have come since its turn
    if (this.length > 0) job.giveWay()
    try {
      return await work()
    } finally {
      this.#ahead.delete(job)
      this.#fill()
    }
  }

  /** Counts a job of a client; the returned function ends that. */
  #admit(client: string | null): () => void {
    if (client === null) return () => undefined
    const count = this.#perClient.get(client) ?? 0
    if (count >= this.limits.maxPerClient) {
      const own = `${counted(count, 'request')} of yours, the most of one client,`
      throw throttled(`${own} are under way; send fewer at once, or try again in 5 s`, 5)
    }
    this.#perClient.set(client, count + 1)
    return () => {
      const left = (this.#perClient.get(client) ?? 0) - 1
      if (left > 0) this.#perClient.set(client, left)
      else this.#perClient.delete(client)
    }
  }

  /** Waits until a job begins, or its signal aborts. */
  #turn(turns: Turns, client: string | null, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const end = (finish: () => void) => {
        turns.delete(begin, client)
        signal?.removeEventListener('abort', leave)
        finish()
      }
      const begin = () => {
        end(resolve)
      }
      const leave = () => {
        end(() => {
          reject(signal?.reason as Error)
        })
      }
      signal?.addEventListener('abort', leave)
      turns.add(begin, client)
      this.#fill()
    })
  }

  #hasPlace(lane: Lane): boolean {
    const { limit, limitOfSmall } = this.limits
    if (limitOfSmall !== undefined) {
      return this.#running[lane] < (lane === 'small' ? limitOfSmall : limit)
    }
    return this.running < limit || this.#running[lane] === 0
  }

  /** Lets jobs begin as far as there are places. */
  #fill(): void {
    if (this.#running.large === 0) this.#begin('large')
    while (this.#hasPlace('small') && this.#begin('small'));
    while (this.#hasPlace('large') && this.#begin('large'));
    if (this.running > 0 || this.length > 0) return
    while (this.#ahead.size + this.#aheadBeginning < MOST_AHEAD) {
      const turn = this.#aheadWaiting.next(() => true)
      if (!turn) return
      this.#aheadBeginning++
      turn.begin()
    }
  }

  /** Lets the next job of a lane begin; returns false if none may. */
  #begin(lane: Lane): boolean {
    const most = this.limits.maxRunningPerClient ?? Infinity
    const turn = this.#waiting[lane].next((client) => {
      return client === null || (this.#runningOf[lane].get(client) ?? 0) < most
    })
    if (!turn) return false
    this.#count(lane, turn.client, 1)
    turn.begin()
    return true
  }

  /** Counts jobs of a lane and a client that begin or end. */
  #count(lane: Lane, client: string | null, change: number): void {
    this.#running[lane] += change
    const running = (this.#runningOf[lane].get(client) ?? 0) + change
    if (running > 0) this.#runningOf[lane].set(client, running)
    else this.#runningOf[lane].delete(client)
  }
}
