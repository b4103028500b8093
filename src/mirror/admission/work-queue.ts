import { NotReady } from '../../server/answers/refusal.js'
import { Turn, type QueuedWork } from './turn.js'
import type { ServerContext } from '../../server/context.js'

export interface QueueParts extends Pick<ServerContext, 'monotonic'> {
  /** Works that may be at work at once. */
  readonly limit: number
  /** Works that may wait. */
  readonly maxWaiting: number
  /** Work that waited so long, in milliseconds, comes before new work of half its size. */
  readonly ageing: number
  /** A queue whose works come first: while it has any, none of this one begins or goes on. */
  readonly after?: WorkQueue
}

/** How often it is looked at whether what waits has become more urgent than what runs. */
const CHECK_INTERVAL = 1000

/** Work gives way to what is more urgent by that much, which is what is half as much. */
const MARGIN = 1

/** A turn that waits. */
interface Waiting {
  readonly turn: Turn
  /** The less, the sooner it is its turn. */
  readonly rank: number
  readonly begin: () => void
  readonly leave: () => void
}

/**
 * Lets a few works run at once: those of which least is left. Large ones give way to small ones while
 * they run, become more urgent while they wait, and are dropped as soon as nobody wants them.
 */
export class WorkQueue {
  readonly #parts: QueueParts
  /** Sorted by rank; of equals, the first that came is the first. */
  readonly #waiting: Waiting[] = []
  /** Those at work, and how long each has waited in all, in milliseconds. */
  readonly #running = new Map<Turn, number>()
  readonly #perClient = new Map<string | null, number>()
  /** Queues that wait while this one has works. */
  readonly #followers: WorkQueue[] = []
  #works = 0
  #timer: NodeJS.Timeout | null = null

  constructor(parts: QueueParts) {
    this.#parts = parts
    if (parts.after) parts.after.#followers.push(this)
  }

  /** Works at work. */
  get running(): number {
    return this.#running.size
  }

  /** Works that wait, also those that had begun and gave way. */
  get length(): number {
    return this.#waiting.length
  }

  /**
   * Does the work when its turn has come.
   * @throws NotReady when too much waits already, and the signal's reason while it waits
   */
  async run<T>(queued: QueuedWork, work: (turn: Turn) => Promise<T>): Promise<T> {
    if (this.#waiting.length >= this.#parts.maxWaiting) {
      throw new NotReady('too much is asked for at once: ask again later', 10)
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
      // A part of the work may still wait for it to go on, though another has failed
      this.#waiting.find((waiting) => waiting.turn === turn)?.leave()
      this.#count(queued.client, -1)
      this.#fill()
      if (--this.#works === 0) for (const queue of this.#followers) queue.#fill()
    }
  }

  /** Has all turns end, as there is work that comes first. */
  #giveWay(): void {
    for (const turn of this.#running.keys()) turn.end()
  }

  /** Whether no turn may begin, as there is work that comes first. */
  get #isHeld(): boolean {
    const { after } = this.#parts
    return after !== undefined && after.#works > 0
  }

  /** Gives a place back, and resolves when there is another. */
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
    const { monotonic, ageing } = this.#parts
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
      // All that wait become more urgent alike, so one number tells who is first at any time
      const rank = this.#urgency(turn) + since / ageing
      const waiting = { turn, rank, begin, leave }
      signal.addEventListener('abort', leave)
      this.#waiting.splice(this.#placeFor(waiting.rank), 0, waiting)
      this.#fill()
      this.#makeRoom()
    })
  }

  /** Gives free places to those who are first. */
  #fill(): void {
    while (!this.#isHeld && this.#running.size < this.#parts.limit) {
      const next = this.#waiting.shift()
      if (!next) return
      next.begin()
    }
  }

  /** Has turns end for others that are well before them, now and as time goes on. */
  #makeRoom(): void {
    if (this.#waiting.length === 0) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#makeRoom()
    }, CHECK_INTERVAL).unref()
    const { monotonic, ageing } = this.#parts
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

  /** Grows by one as the work, or what its client asks for, doubles. */
  #urgency({ work }: Turn): number {
    const share = this.#perClient.get(work.client) ?? 1
    return Math.log2((1 + work.remaining()) * share)
  }

  /** Behind all that have that rank, by bisection. */
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
