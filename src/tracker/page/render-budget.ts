import { LRUCache } from 'lru-cache'
import { clientKey } from '../../server/connections/client-address.js'

/** Pages a second that are made for all clients together: announces must not wait for them. */
const RATE = 50

/** Pages that one client may ask for at once after a pause; fewer when there are other clients. */
const BURST = 100
const LEAST_BURST = 10

/** Pages that are left for clients that have asked for few. */
const RESERVE = 20

/** Milliseconds for which a client that asked counts as one that asks. */
const PERIOD = 10_000

/** Clients that are remembered; the ones that asked longest ago are forgotten. */
const REMEMBERED = 10_000

/** What may be spent, as of a time in milliseconds. */
interface Credit {
  readonly pages: number
  readonly at: number
}

/** Bounds how many pages are made, and gives each client that asks the same share of them. */
export class RenderBudget {
  readonly #monotonic: () => number
  readonly #clients = new LRUCache<string, Credit>({ max: REMEMBERED })
  #all: Credit
  /** The clients that asked in this period, and how many did in the one before. */
  #asking = new Set<string>()
  #askedBefore = 0
  #periodEnd: number

  /** `monotonic` tells milliseconds on a clock that is never set. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
    const at = monotonic()
    this.#all = { pages: BURST + RESERVE, at }
    this.#periodEnd = at + PERIOD
  }

  /** Whether another page may be made now for a client; its address is null on a Unix socket. */
  spend(client: string | null): boolean {
    const at = this.#monotonic()
    const key = client === null ? '' : clientKey(client)
    const sharers = this.#countAsking(key, at)
    const burst = Math.max(LEAST_BURST, BURST / sharers)
    const own = refill(this.#clients.get(key) ?? { pages: burst, at }, at, {
      rate: RATE / sharers,
      most: burst,
    })
    this.#all = refill(this.#all, at, { rate: RATE, most: BURST + RESERVE })
    const reserve = own.pages >= burst / 2 ? 0 : RESERVE
    const isGranted = own.pages >= 1 && this.#all.pages >= 1 + reserve
    this.#clients.set(key, isGranted ? spent(own) : own)
    if (isGranted) this.#all = spent(this.#all)
    return isGranted
  }

  /** How many clients ask at present, this one among them. */
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

/** A credit as it is now; `rate` is in pages a second. */
function refill(
  { pages, at }: Credit,
  now: number,
  { rate, most }: { readonly rate: number; readonly most: number },
): Credit {
  return { pages: Math.min(most, pages + ((now - at) * rate) / 1000), at: now }
}

function spent({ pages, at }: Credit): Credit {
  return { pages: pages - 1, at }
}
