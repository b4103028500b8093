import { NotReady } from '../../server/answers/refusal.js'
import { Turn, type QueuedWork } from './turn.js'
import type { ServerContext } from '../../server/context.js'

export interface QueueParts extends Pick<ServerContext, 'monotonic'> {
  /** Most works that run at once. */
  readonly limit: number
  /** Most works that wait. */
  readonly maxWaiting: number
  /** Work that waited this many milliseconds precedes new work of half its size. */
  readonly ageing: number
  /** A queue with priority: while it has any work, none of this queue begins or goes on. */
  readonly after?: WorkQueue
}

/** Milliseconds between checks whether waiting work has become more urgent than running work. */
const CHECK_INTERVAL = 1000

/** A running work yields to one that is more urgent by this much, which means half as large. */
const MARGIN = 1

/** A turn that waits. */
interface Waiting {
  readonly turn: Turn
  /** The lower, the sooner it has its turn. */
  readonly rank: number
  readonly begin: () => void
  readonly leave: () => void
}

/**
 * Runs a few works at once: those with the least left. Large ones yield to small ones while they
 * run and become more urgent while they wait. They are dropped as soon as nobody wants them.
 */
export class WorkQueue {
  /** Sorted by rank; equals in the order of their arrival. */
  readonly #waiting: Waiting[] = []
  /** Running turns, each with the milliseconds that it has waited in all. */
  readonly #running = new Map<Turn, number>()
  readonly #perClient = new Map<string | null, number>()
  /** Queues that wait while this one has work. */
  readonly #followers: WorkQueue[] = []
  #works = 0
  #timer: NodeJS.Timeout | null = null

  constructor(private readonly parts: QueueParts) {
    if (parts.after) parts.after.#followers.push(this)
  }

  /** Number of running works. */
  get running(): number {
    return this.#running.size
  }

  /** Number of waiting works, including those that had begun and yielded. */
  get length(): number {
    return this.#waiting.length
  }

  /**
   * Does the work when its turn has come.
   * @throws NotReady if too many works wait; the signal's reason while it waits
   */
  async run<T>(queued: QueuedWork, work: (turn: Turn) => Promise<T>): Promise<T> {
    if (this.#waiting.length >= this.parts.maxWaiting) {
      throw new NotReady('the server is busy; try again in 10 s', 10)
    }
    const turn = new Turn(queued, (own) => this.#requeue(own))
    this.#count(queued.client, 1)
    if (this.#works++ === 0) for (const queue of this.#followers) queue.#giveWay()
    try {
      await this.#wait(turn, 0)
      return await work(turn)
    } finally {
      turn.close()
      this.#running.delete(turn)
      // A part of the work may still wait to go on although another has failed
      this.#waiting.find((waiting) => waiting.turn === turn)?.leave()
      this.#count(queued.client, -1)
      this.#fill()
      if (--this.#works === 0) for (const queue of this.#followers) queue.#fill()
    }
  }

  /** Ends all turns, because another queue's work has priority. */
  #giveWay(): void {
    for (const turn of this.#running.keys()) turn.end()
  }

  /** Whether no turn may begin, because another queue's work has priority. */
  get #isHeld(): boolean {
    const { after } = this.parts
    return after !== undefined && after.#works > 0
  }

  /** Gives a place back; resolves when the turn has another. */
  #requeue(turn: Turn): Promise<void> {
    const waited = this.#running.get(turn) ?? 0
    this.#running.delete(turn)
    const begun = this.#wait(turn, waited)
    this.#fill()
    return begun
  }

  async #wait(turn: Turn, waitedBefore: number): Promise<void> {
    const { signal } = turn.work
    signal.throwIfAborted()
    const { monotonic, ageing } = this.parts
    const since = monotonic() - waitedBefore
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', leave)
        this.#running.set(turn, monotonic() - since)
        turn.begin(this.#running.size)
        resolve()
      }
      const leave = () => {
        signal.removeEventListener('abort', leave)
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal.aborted ? (signal.reason as Error) : new NotReady('the work has ended', 1))
      }
      // All waiting turns become more urgent at the same rate, so one number gives their order
      const rank = this.#urgency(turn) + since / ageing
      const waiting = { turn, rank, begin, leave }
      signal.addEventListener('abort', leave)
      this.#waiting.splice(this.#placeFor(waiting.rank), 0, waiting)
      this.#fill()
      this.#makeRoom()
    })
  }

  /** Gives free places to the first turns in the queue. */
  #fill(): void {
    while (!this.#isHeld && this.#running.size < this.parts.limit) {
      const next = this.#waiting.shift()
      if (!next) return
      next.begin()
    }
  }

  /** Ends turns that are much less urgent than waiting ones, now and as time goes on. */
  #makeRoom(): void {
    if (this.#waiting.length === 0) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#makeRoom()
    }, CHECK_INTERVAL).unref()
    const { monotonic, ageing } = this.parts
    const now = monotonic()
    const rankOf = ([turn, waited]: [Turn, number]) => this.#urgency(turn) + (now - waited) / ageing
    const running = [...this.#running].map((each) => ({ turn: each[0], rank: rankOf(each) }))
    running.sort((a, b) => b.rank - a.rank)
    for (const [i, { turn, rank }] of running.entries()) {
      const rival = this.#waiting[i]
      if (!rival || rival.rank + MARGIN > rank) return
      turn.end()
    }
  }

  /** log2 of the remaining work times the client's share of the queue. */
  #urgency({ work }: Turn): number {
    const share = this.#perClient.get(work.client) ?? 1
    return Math.log2((1 + work.remaining()) * share)
  }

  /** The index behind all turns with that rank, by bisection. */
  #placeFor(rank: number): number {
    let low = 0
    let high = this.#waiting.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#waiting[middle]?.rank ?? 0) <= rank) low = middle + 1
      else high = middle
    }
    return low
  }

  #count(client: string | null, change: number): void {
    const count = (this.#perClient.get(client) ?? 0) + change
    if (count > 0) this.#perClient.set(client, count)
    else this.#perClient.delete(client)
  }
}
