import { counted } from '../../base/text/quantity.js'
import { Shares } from '../connections/connection-limits.js'
import { FairQueue } from '../connections/fair-queue.js'
import { NotReady, throttled } from '../headers/refusal.js'

interface GateLimits {
  /** Most acts at once. One client has one place less, so that others need not wait for it. */
  readonly limit: number
  /** Most acts that wait. */
  readonly maxWaiting: number
  /** Most acts of one client, running and waiting. */
  readonly maxPerClient: number
}

/** The one who wants an act. */
export interface GateUser {
  /** The client; null if unknown. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody wants the act any more. */
  readonly signal?: AbortSignal | undefined
}

/** An act that waits for a place. */
interface Waiting {
  readonly client: string | null
  readonly begin: () => void
  readonly leave: (reason: Error) => void
}

/** Has a few acts running at once; all others wait, in the order of `FairQueue`. */
export class Gate {
  readonly #clients: Shares
  readonly #waiting = new FairQueue<Waiting, string | null>()
  /** Running acts by client. */
  readonly #running = new Map<string | null, number>()
  /** Number of running acts. */
  running = 0

  constructor(private readonly limits: GateLimits) {
    this.#clients = new Shares({
      ...limits,
      all: Infinity,
      perNetwork: Infinity,
      perClient: limits.maxPerClient,
    })
  }

  /** Number of waiting acts. */
  get length(): number {
    return this.#waiting.size
  }

  /**
   * Acts when there is a place.
   * @throws NotReady if too many acts wait, or the client has too many; the signal's reason; the
   *   errors of the act
   */
  async run<T>(user: GateUser, act: () => Promise<T>): Promise<T> {
    const { client, signal } = user
    signal?.throwIfAborted()
    if (!this.#clients.take(client)) {
      const own = `${counted(this.limits.maxPerClient, 'request')} of yours, the most of one client,`
      throw throttled(`${own} are under way; send fewer at once, or try again in 5 s`, 5)
    }
    try {
      if (this.#hasPlace(client)) this.#count(client, 1)
      else await this.#wait(user)
      try {
        return await act()
      } finally {
        this.#count(client, -1)
        this.#fill()
      }
    } finally {
      this.#clients.give(client)
    }
  }

  #wait({ client, signal }: GateUser): Promise<void> {
    if (this.length >= this.limits.maxWaiting) {
      const busy = new NotReady('the server is busy; try again in 10 s', 10)
      const dropped = this.#waiting.dropFor(client)
      if (!dropped) throw busy
      dropped.leave(busy)
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(client, waiting)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort)
      const end = () => signal?.removeEventListener('abort', abort)
      const waiting: Waiting = {
        client,
        begin: () => {
          end()
          resolve()
        },
        leave: (reason) => {
          end()
          reject(reason)
        },
      }
      this.#waiting.add(client, waiting)
    })
  }

  readonly #hasPlace = (client: string | null): boolean => {
    const { limit } = this.limits
    if (this.running >= limit) return false
    return client === null || (this.#running.get(client) ?? 0) < Math.max(1, limit - 1)
  }

  #count(client: string | null, change: number): void {
    this.running += change
    const own = (this.#running.get(client) ?? 0) + change
    if (own > 0) this.#running.set(client, own)
    else this.#running.delete(client)
  }

  #fill(): void {
    const next = this.#waiting.next(undefined, this.#hasPlace)
    if (!next) return
    this.#count(next.client, 1)
    next.begin()
  }
}
