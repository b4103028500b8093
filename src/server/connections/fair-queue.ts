import { monotonicNow } from '../../base/process.js'
import { networkOf } from './client-address.js'

/** A client's key; null for all that are not known. Anything else has no network. */
export type Client = string | object | null

/** Key of a client's network: a /48 of IPv6, or the client itself; null if it has no address. */
export function networkKey(client: Client): string | null {
  return typeof client === 'string' ? (networkOf(client) ?? client) : null
}

/** Milliseconds in which what was counted of a network halves. */
const HALF_LIFE = 1000

/** Half-lives after which it counts for nothing. */
const FORGOTTEN = 16

/**
 * Counts something of networks that halves with time. It counts in units that grow, twice as large
 * after each half-life: so nothing is touched meanwhile, and the order of networks stays.
 */
class Lately {
  readonly #counts = new Map<string | null, number>()
  #begun = monotonicNow()

  /** The count of a network in units whose order stays. */
  of(network: string | null): number {
    return this.#counts.get(network) ?? 0
  }

  /** The count of a network at this moment. */
  now(network: string | null): number {
    return this.of(network) * 2 ** ((this.#begun - monotonicNow()) / HALF_LIFE)
  }

  add(network: string | null, amount: number): void {
    let age = (monotonicNow() - this.#begun) / HALF_LIFE
    if (age > 2 * FORGOTTEN) age = this.#forget(age)
    this.#counts.set(network, this.of(network) + amount * 2 ** age)
  }

  /** Begins with small units again, and returns the age of these. */
  #forget(age: number): number {
    const younger = age - FORGOTTEN
    this.#begun += younger * HALF_LIFE
    for (const [network, count] of this.#counts) {
      const left = count * 2 ** -younger
      if (left < 1) this.#counts.delete(network)
      else this.#counts.set(network, left)
    }
    return FORGOTTEN
  }
}

/** The milliseconds of work that networks have had. */
export const worked = new Lately()

const workOf = (network: string | null) => worked.of(network)

/** About the number of requests that networks have sent, whether or not they were answered. */
export const asked = new Lately()

/**
 * Things that wait for their turn, those of a client in their order. The network with the least
 * load is first, and in it its clients have turns: whoever has a /48 of IPv6 can be thousands of
 * clients.
 */
export class FairQueue<T, C extends Client = Client> {
  readonly #networks = new Map<string | null, Map<C, T[]>>()
  size = 0
  /** The network that had the last turn. */
  last: string | null = null

  /** The load may depend on how much of a network waits. By default, it is the work it had. */
  constructor(
    private readonly loadOf: (network: string | null, waiting: number) => number = workOf,
  ) {}

  /** Whether something of a client waits. */
  has(client: C): boolean {
    return this.#of(client)?.has(client) === true
  }

  /** How many things of a client's network wait. */
  sizeOf(client: C): number {
    return sizeOf(this.#of(client) ?? new Map<C, T[]>())
  }

  add(client: C, thing: T): void {
    const network = this.#of(client) ?? new Map<C, T[]>()
    this.#networks.set(networkKey(client), network)
    const own = network.get(client)
    if (own) own.push(thing)
    else network.set(client, [thing])
    this.size++
  }

  /**
   * Removes the thing whose turn it is, of those that may have one. To ask about each thing takes
   * as long as many wait, so ask about clients where that is enough.
   */
  next(
    mayHave: (thing: T) => boolean = () => true,
    mayServe: (client: C) => boolean = () => true,
  ): T | undefined {
    let first: Map<C, T[]> | undefined
    let least = Infinity
    for (const [key, network] of this.#networks) {
      const load = this.loadOf(key, sizeOf(network))
      if (load >= least) continue
      if (!hasOne(network, mayHave, mayServe)) continue
      first = network
      least = load
      this.last = key
      if (load === 0) break
    }
    for (const [client, things] of first ?? []) {
      const thing = mayServe(client) ? things.find(mayHave) : undefined
      if (thing === undefined) continue
      this.delete(client, thing)
      // The client is the last of its network from now on
      if (first?.delete(client)) first.set(client, things)
      // And the network of those with the same load
      if (first && this.#networks.delete(this.last)) this.#networks.set(this.last, first)
      return thing
    }
    return undefined
  }

  /** Removes a thing of a client, if it still waits. */
  delete(client: C, thing: T): void {
    const network = this.#of(client)
    const things = network?.get(client)
    const at = things?.indexOf(thing) ?? -1
    if (!network || !things || at === -1) return
    things.splice(at, 1)
    this.#shrink(network, client)
  }

  all(): T[] {
    return [...this.#networks.values()].flatMap((network) => [...network.values()].flat())
  }

  /** Removes the newest of those that have most, if a comer has fewer. */
  dropFor(comer: C): T | undefined {
    const own = this.#of(comer) ?? new Map<C, T[]>()
    const ownSize = sizeOf(own)
    let [most, mostSize] = [own, ownSize]
    for (const network of this.#networks.values()) {
      const size = sizeOf(network)
      if (size > mostSize) [most, mostSize] = [network, size]
    }
    const isOther = mostSize > ownSize + 1
    if (!isOther) most = own
    let largest: [C, T[]] | undefined
    for (const each of most) if (each[1].length > (largest?.[1].length ?? 0)) largest = each
    if (!largest) return undefined
    const [client, things] = largest
    if (!isOther && things.length <= (own.get(comer)?.length ?? 0) + 1) return undefined
    const newest = things.pop()
    this.#shrink(most, client)
    return newest
  }

  #of(client: C): Map<C, T[]> | undefined {
    return this.#networks.get(networkKey(client))
  }

  /** Counts one thing less of a client. */
  #shrink(network: Map<C, T[]>, client: C): void {
    this.size--
    if (network.get(client)?.length === 0) network.delete(client)
    if (network.size === 0) this.#networks.delete(networkKey(client))
  }
}

function hasOne<T, C extends Client>(
  network: Map<C, T[]>,
  mayHave: (thing: T) => boolean,
  mayServe: (client: C) => boolean,
): boolean {
  for (const [client, things] of network) if (mayServe(client) && things.some(mayHave)) return true
  return false
}

function sizeOf(network: Map<Client, unknown[]>): number {
  let size = 0
  for (const { length } of network.values()) size += length
  return size
}
