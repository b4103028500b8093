import { LRUCache } from 'lru-cache'
import { throttled } from '../../server/answers/refusal.js'

export interface ClientLimits {
  /** Works that one client may have begun and not seen the end of. */
  readonly maxPerClient: number
  /** Large works that one client may begin a minute; 0 for any number. */
  readonly rateLimit: number
}

/** Clients of whom it is remembered what they began lately. */
const REMEMBERED = 10_000

const MINUTE = 60_000

/** What a client may begin right now without being too fast, as of a moment. */
interface Credit {
  readonly works: number
  readonly at: number
}

/** Bounds what each client may ask for, so that there is something left for others. */
export class Clients {
  readonly #limits: ClientLimits
  readonly #monotonic: () => number
  readonly #underWay = new Map<string, number>()
  readonly #credits = new LRUCache<string, Credit>({ max: REMEMBERED })

  /** `monotonic` tells milliseconds on a clock that is never set. */
  constructor(limits: ClientLimits, monotonic: () => number) {
    this.#limits = limits
    this.#monotonic = monotonic
  }

  /**
   * Lets a client begin a work, and returns what to call at its end. Who is not known is not
   * limited.
   * @throws NotReady when it has too many under way, or began large ones too fast
   */
  begin(client: string | null, isLarge: boolean): () => void {
    if (client === null) return () => undefined
    const count = this.#underWay.get(client) ?? 0
    if (count >= this.#limits.maxPerClient) {
      throw throttled('you have too many requests under way: ask again later', 5)
    }
    if (isLarge) this.#spend(client)
    this.#underWay.set(client, count + 1)
    return () => {
      const left = (this.#underWay.get(client) ?? 0) - 1
      if (left > 0) this.#underWay.set(client, left)
      else this.#underWay.delete(client)
    }
  }

  /** Takes one from the client's credit, which a minute fills. */
  #spend(client: string): void {
    const { rateLimit } = this.#limits
    if (rateLimit === 0) return
    const at = this.#monotonic()
    const before = this.#credits.get(client) ?? { works: rateLimit, at }
    const earned = ((at - before.at) * rateLimit) / MINUTE
    const works = Math.min(rateLimit, before.works + earned)
    if (works < 1) {
      const seconds = Math.ceil(((1 - works) * MINUTE) / rateLimit / 1000)
      throw throttled('you ask for so much work too fast: ask again later', seconds)
    }
    this.#credits.set(client, { works: works - 1, at })
  }
}
