import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { clientKey } from '../../server/connections/client-address.js'

/** Pages per second for all clients together, so that announces do not wait for pages. */
const RATE = 50

/**
 * The most and the fewest pages that one client may request at once after a pause. The more clients
 * ask, the smaller the burst.
 */
const BURST = 100
const LEAST_BURST = 10

/** Pages reserved for clients that requested few. */
const RESERVE = 20

/** Milliseconds for which a client counts as active after a request. */
const PERIOD = 10_000

/** The most clients that are remembered. The least recent are forgotten first. */
const REMEMBERED = 10_000

/** Requests that wait at once, one for each client, and how long each may, in milliseconds. */
const MOST_WAITING = 100
const LONGEST_WAIT = 2000

/** Milliseconds after which a request that waits looks again. */
const STEP = 50

/** Number of pages that may be rendered, valid at a time in milliseconds. */
interface Credit {
  readonly pages: number
  readonly at: number
}

/** Limits the number of rendered pages and shares it equally among active clients. */
export class RenderBudget {
  readonly #clients = new LRUCache<string, Credit>({ max: REMEMBERED })
  readonly #waiting = new Set<string>()
  #all: Credit
  /** Clients active in this period, and the number active in the previous one. */
  #asking = new Set<string>()
  #askedBefore = 0
  #periodEnd: number

  /** `monotonic` returns milliseconds on a clock that is never set. */
  constructor(private readonly monotonic: () => number) {
    const at = monotonic()
    this.#all = { pages: BURST + RESERVE, at }
    this.#periodEnd = at + PERIOD
  }

  /**
   * Whether another page may be rendered for a client, which waits for that if it asks for one page
   * after the other. Further requests of a client that waits are refused. See spend.
   */
  async admit(client: string | null, pages = 1): Promise<boolean> {
    const key = keyOf(client)
    if (this.#waiting.has(key)) return false
    if (this.spend(client, pages)) return true
    if (this.#waiting.size >= MOST_WAITING) return false
    this.#waiting.add(key)
    try {
      for (let waited = 0; waited < LONGEST_WAIT; waited += STEP) {
        await setTimeout(STEP)
        if (this.spend(client, pages)) return true
      }
      return false
    } finally {
      this.#waiting.delete(key)
    }
  }

  /**
   * Whether another page may be rendered now for a client. Its address is null on a Unix socket. A
   * page that takes as long as several others counts as that many `pages`, at most LEAST_BURST.
   */
  spend(client: string | null, pages = 1): boolean {
    const at = this.monotonic()
    const key = keyOf(client)
    const sharers = this.#countAsking(key, at)
    const burst = Math.max(LEAST_BURST, BURST / sharers)
    const own = refill(this.#clients.get(key) ?? { pages: burst, at }, at, {
      rate: RATE / sharers,
      most: burst,
    })
    this.#all = refill(this.#all, at, { rate: RATE, most: BURST + RESERVE })
    const reserve = own.pages >= burst / 2 ? 0 : RESERVE
    const isGranted = own.pages >= pages && this.#all.pages >= pages + reserve
    this.#clients.set(key, isGranted ? spent(own, pages) : own)
    if (isGranted) this.#all = spent(this.#all, pages)
    return isGranted
  }

  /** Number of active clients, including this one. */
  #countAsking(key: string, at: number): number {
    if (at >= this.#periodEnd) {
      this.#askedBefore = at < this.#periodEnd + PERIOD ? this.#asking.size : 0
      this.#asking = new Set()
      this.#periodEnd = at + PERIOD
    }
    if (this.#asking.size < REMEMBERED) this.#asking.add(key)
    return Math.max(this.#asking.size, this.#askedBefore)
  }
}

function keyOf(client: string | null): string {
  return client === null ? '' : clientKey(client)
}

/** Adds the credit earned since the last update. `rate` is in pages per second. */
function refill(
  { pages, at }: Credit,
  now: number,
  { rate, most }: { readonly rate: number; readonly most: number },
): Credit {
  return { pages: Math.min(most, pages + ((now - at) * rate) / 1000), at: now }
}

function spent({ pages, at }: Credit, cost: number): Credit {
  return { pages: pages - cost, at }
}
