import { readFileSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { type ClientAddresses, networkOf } from './client-address.js'
import { connectionsTaken } from './connections.js'

/** Fewest descriptors kept for other files. */
const MIN_RESERVE = 64

export interface ConnectionLimits {
  /** Key of a connection's client; null for one that may have any number of connections. */
  readonly keyOf: (socket: Socket) => string | null
  /** The most connections of one client. */
  readonly maxPerClient: number
  /** The most connections of one IPv6 network, whose owner has the addresses of many clients. */
  readonly maxPerNetwork: number
  /** The most connections of all clients together. */
  readonly maxConnections: number
}

/** A client with at most so many connections keeps them all when the total is reached. */
const KEPT = 32

/**
 * Closes the connections that a client opens beyond its share, so that no client uses up all
 * descriptors. When the total is reached, a client with few connections takes the place of one with
 * many: a dozen addresses with endless downloads must not shut out all others. Call the returned
 * function with each server that shares these limits.
 */
export function connectionLimiter(limits: ConnectionLimits): (server: Server) => void {
  const { keyOf, maxPerClient, maxPerNetwork, maxConnections } = limits
  /** The counted connections, each with the key of its client. */
  const counted = new Map<Socket, string | null>()
  const shares = new Shares({
    all: maxConnections,
    perClient: maxPerClient,
    perNetwork: maxPerNetwork,
  })
  /** The same connections by client, without those of unlimited ones. */
  const perClient = new Map<string, Set<Socket>>()
  const bySize = new LargestHolder<Set<Socket>>()
  const come = (socket: Socket) => {
    const key = keyOf(socket)
    if (shares.lackFor(key) === 'total') makeRoom(key)
    if (!shares.take(key)) {
      socket.destroy()
      return
    }
    counted.set(socket, key)
    if (key === null) return
    const own = perClient.get(key) ?? new Set<Socket>()
    perClient.set(key, own.add(socket))
    bySize.set(own, own.size)
  }
  const gone = (socket: Socket) => {
    const key = counted.get(socket)
    if (key === undefined) return
    counted.delete(socket)
    shares.give(key)
    const own = key === null ? undefined : perClient.get(key)
    if (key === null || !own) return
    own.delete(socket)
    if (own.size === 0) perClient.delete(key)
    bySize.set(own, own.size)
  }
  /** Closes the newest connection of the client with most, if that has many more than the comer. */
  const makeRoom = (comer: string | null) => {
    const { first: most } = bySize
    const own = (comer !== null && perClient.get(comer)?.size) || 0
    if (!most || most.size <= Math.max(KEPT, 2 * own)) return
    const newest = [...most].at(-1)
    if (!newest) return
    gone(newest)
    newest.destroy()
  }
  return (server) => {
    connectionsTaken(server).follow({ come, gone })
  }
}

/** Limits of a program's connections. */
export interface ConnectionRules {
  /** Most connections of all clients together. */
  readonly most: number
  /** Most connections of one client. */
  readonly mostPerClient: number
  /** The share of the descriptors that is kept for files, from 0 to 1. */
  readonly filesShare: number
}

/** Computes a program's limits; `maxDescriptors` is null if unknown. */
export function connectionLimits(
  { most, mostPerClient, filesShare }: ConnectionRules,
  clients: ClientAddresses,
  maxDescriptors: number | null,
): ConnectionLimits {
  const left = (descriptors: number) => {
    return Math.max(2, descriptors - Math.max(MIN_RESERVE, descriptors * filesShare))
  }
  const inAll = maxDescriptors === null ? most : Math.floor(Math.min(most, left(maxDescriptors)))
  return {
    keyOf: (socket) => clients.connectionKey(socket),
    maxPerClient: Math.ceil(Math.min(mostPerClient, inAll / 2)),
    // A /48 of IPv6 is what a provider may give one customer
    maxPerNetwork: Math.ceil(inAll / 4),
    maxConnections: inAll,
  }
}

/**
 * Most files and sockets that this process may have open (`ulimit -n`); null if unknown. Node
 * raises its limit to the hard limit when it starts.
 */
export function maxDescriptors(): number | null {
  const [, soft] = /^Max open files +(\d+) /m.exec(readLimits()) ?? []
  return soft === undefined ? null : Number(soft)
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}

/** Most at once: in all, for one client, and for one IPv6 network. */
export interface ShareLimits {
  readonly all: number
  readonly perClient: number
  readonly perNetwork: number
}

/** Counts how much each client has, so that no client takes more than its share. */
export class Shares {
  readonly #counts = new Map<string, number>()
  #all = 0

  constructor(private readonly limits: ShareLimits) {}

  /**
   * Counts one more for a client (see `clientKey`; null for one without a limit). Returns false,
   * and counts nothing, if that is more than its share.
   */
  take(client: string | null): boolean {
    if (this.lackFor(client) !== null) return false
    this.#add(client, client === null ? null : networkOf(client), 1)
    return true
  }

  /** Returns which limit one more of a client would exceed: its own share, or only the total. */
  lackFor(client: string | null): 'share' | 'total' | null {
    const { all, perClient, perNetwork } = this.limits
    const network = client === null ? null : networkOf(client)
    if (client !== null && this.#of(client) >= perClient) return 'share'
    if (network !== null && this.#of(network) >= perNetwork) return 'share'
    return this.#all >= all ? 'total' : null
  }

  /** Counts one less for a client. */
  give(client: string | null): void {
    this.#add(client, client === null ? null : networkOf(client), -1)
  }

  #of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  #add(client: string | null, network: string | null, change: number): void {
    this.#all += change
    for (const key of [client, network]) {
      if (key === null) continue
      const count = this.#of(key) + change
      if (count > 0) this.#counts.set(key, count)
      else this.#counts.delete(key)
    }
  }
}

/** Finds the holder that has most of something, without a look at all holders. */
export class LargestHolder<Holder> {
  readonly #counts = new Map<Holder, number>()
  /** Holders by their count. */
  readonly #byCount = new Map<number, Set<Holder>>()
  #most = 0

  /** One of the holders with the highest count; undefined if there is none. */
  get first(): Holder | undefined {
    const [holder] = this.#byCount.get(this.#most) ?? []
    return holder
  }

  /** Sets a holder's count. Takes at most as many steps as the count falls. */
  set(holder: Holder, count: number): void {
    this.#leave(holder)
    if (count > 0) {
      this.#counts.set(holder, count)
      this.#most = Math.max(this.#most, count)
      const holders = this.#byCount.get(count)
      if (holders) holders.add(holder)
      else this.#byCount.set(count, new Set([holder]))
    }
    while (this.#most > 0 && !this.#byCount.has(this.#most)) this.#most--
  }

  #leave(holder: Holder): void {
    const count = this.#counts.get(holder)
    if (count === undefined) return
    this.#counts.delete(holder)
    const holders = this.#byCount.get(count)
    holders?.delete(holder)
    if (holders?.size === 0) this.#byCount.delete(count)
  }
}
