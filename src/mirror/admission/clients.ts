import { LRUCache } from 'lru-cache'
import { throttled } from '../../server/answers/refusal.js'

export interface ClientLimits {
  /** Most requests that one client may have under way. */
  readonly maxPerClient: number
  /** Most large requests that one client may begin per minute; 0 for no limit. */
  readonly rateLimit: number
}

/** Most clients whose recent requests are remembered. */
const REMEMBERED = 10_000

const MINUTE = 60_000

/** Requests that a client could begin at the time `at` without exceeding its rate. */
interface Credit {
  readonly works: number
  readonly at: number
}

/** Limits the requests of each client, so that others get their share. */
export class Clients {
  readonly #underWay = new Map<string, number>()
  readonly #credits = new LRUCache<string, Credit>({ max: REMEMBERED })

  /** `monotonic` returns milliseconds of a clock that is never set. */
  constructor(
    private readonly limits: ClientLimits,
    private readonly monotonic: () => number,
  ) {}

  /**
   * Begins a request of a client; the returned function ends it. An unknown client (null) has no
   * limit.
   * @throws NotReady if it has too many requests under way, or began large ones too fast
   */
  begin(client: string | null, isLarge: boolean): () => void {
    if (client === null) return () => undefined
    const count = this.#underWay.get(client) ?? 0
    if (count >= this.limits.maxPerClient) {
      throw throttled('too many requests of yours are under way; try again in 5 s', 5)
    }
    if (isLarge) this.#spend(client)
    this.#underWay.set(client, count + 1)
    return () => {
      const left = (this.#underWay.get(client) ?? 0) - 1
      if (left > 0) this.#underWay.set(client, left)
      else this.#underWay.delete(client)
    }
  }

  /** Takes one from the client's credit, which is full again after a minute. */
  #spend(client: string): void {
    const { rateLimit } = this.limits
    if (rateLimit === 0) return
    const at = this.monotonic()
    const before = this.#credits.get(client) ?? { works: rateLimit, at }
    const earned = ((at - before.at) * rateLimit) / MINUTE
    const works = Math.min(rateLimit, before.works + earned)
    if (works < 1) {
      const seconds = Math.ceil(((1 - works) * MINUTE) / rateLimit / 1000)
      throw throttled(`rate limit exceeded; try again in ${seconds} s`, seconds)
    }
    this.#credits.set(client, { works: works - 1, at })
  }
}
