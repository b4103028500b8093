import { tryOr } from '../../base/errors.js'
import { readFileSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { trace } from '../../base/text/trace.js'
import { type ClientAddresses, networkOf } from './client-address.js'
import { AcceptQueue } from './accept-queue.js'
import { connectionsOf, type KeyOf, type ConnectionPeer } from './connections.js'

/** Fewest descriptors kept for other files. */
const MIN_RESERVE = 64

export interface ConnectionLimits extends ShareLimits {
  /** Key of a connection's client; null for one that may have any number of connections. */
  readonly keyOf: KeyOf<ConnectionPeer>
  /** Whether clients have turns while more connections come than can begin (default: true). */
  readonly haveTurns?: boolean
}

/** Connections that may wait when the total is reached; they take descriptors of the reserve. */
const FEWEST_WAITING = MIN_RESERVE / 2

/**
 * Closes the connections that a client opens beyond its share, so that no client uses up all
 * descriptors. When the total is reached, the client that has most loses its newest for one that
 * has few: neither a dozen addresses with endless downloads nor hundreds that stay silent must shut
 * out all others. Call the returned function with each server that shares these limits.
 */
export function connectionLimiter(limits: ConnectionLimits): (server: Server) => void {
  const { keyOf, haveTurns = true } = limits
  /** The counted connections, each with the key of its client. */
  const counted = new Map<Socket, string | null>()
  const shares = new Shares(limits)
  const queues: AcceptQueue[] = []
  /** The same connections by client, without those of unlimited ones. */
  const perClient = new Map<string, Set<Socket>>()
  /** The connections of each client that may lose one. */
  const greedy = new Set<Set<Socket>>()
  const come = (socket: Socket) => {
    const key = keyOf(socket)
    const isTaken = shares.take(key, () => {
      makeRoom(key)
    })
    if (!isTaken) {
      trace(
        () => `a connection of ${key ?? 'a proxy'} is closed: it, its network or all have too many`,
      )
      socket.destroy()
      return
    }
    counted.set(socket, key)
    if (key === null) return
    const own = perClient.get(key) ?? new Set<Socket>()
    perClient.set(key, own.add(socket))
    if (own.size > 2) greedy.add(own)
  }
  const gone = (socket: Socket) => {
    const key = counted.get(socket)
    if (key === undefined) return
    counted.delete(socket)
    shares.give(key)
    for (const queue of queues) queue.goOn()
    const own = key === null ? undefined : perClient.get(key)
    if (key === null || !own) return
    own.delete(socket)
    if (own.size <= 2) greedy.delete(own)
    if (own.size === 0) perClient.delete(key)
  }
  /** Closes a connection of the client that has most, if the comer has less than half as many. */
  const makeRoom = (comer: string | null) => {
    const own = comer === null ? 0 : shares.of(comer)
    let most = new Set<Socket>()
    for (const each of greedy) if (each.size > most.size) most = each
    const leaver = [...most].at(-1)
    if (!leaver || most.size <= 2 * (own + 1)) return
    trace(() => {
      const who = counted.get(leaver) ?? ''
      return `a connection of ${who} is closed to make room for ${comer ?? 'a proxy'}`
    })
    gone(leaver)
    leaver.destroy()
  }
  const left = () => Math.max(FEWEST_WAITING, shares.left)
  return (server) => {
    connectionsOf(server, 'connection').follow({ come, gone })
    if (!haveTurns) return
    const hasRoom = (key: string | null) => shares.hasRoom(key)
    queues.push(new AcceptQueue(server, keyOf, { left, hasRoom }))
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

/**
 * The limits of connections to all that listens. An incomplete request takes up to 20 KB of memory.
 * A client is an address, or a /64 of IPv6, which may be that of many people.
 */
export const CONNECTIONS = {
  /** Each download opens a file beside its connection. */
  mirror: { most: 20_000, mostPerClient: 1000, filesShare: 1 / 2 },
  /** A tracker full of connections can still save its state. */
  tracker: { most: 10_000, mostPerClient: 500, filesShare: 1 / 4 },
  /** Few people work on the pages of administration: more connections are somebody else's. */
  admin: { most: 200, mostPerClient: 50, filesShare: 1 / 8 },
  seed: { most: 2000, mostPerClient: 64, filesShare: 1 / 4 },
  /**
   * Others on this machine may connect to the pages of one person, but not use up the descriptors.
   */
  gui: { most: 128 },
} as const

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
    keyOf: clients.connectionKey,
    perClient: Math.ceil(Math.min(mostPerClient, inAll / 2)),
    // A /48 of IPv6 is what a provider may give one customer
    perNetwork: Math.ceil(inAll / 4),
    all: inAll,
  }
}

/**
 * Most files and sockets that this process may have open (`ulimit -n`); null if unknown. Node
 * raises its limit to the hard limit when it starts.
 */
export function maxDescriptors(): number | null {
  const limits = tryOr('', () => readFileSync('/proc/self/limits', 'utf8'))
  const [, soft] = /^Max open files +(\d+) /m.exec(limits) ?? []
  return soft === undefined ? null : Number(soft)
}

/** Most at once. */
export interface ShareLimits {
  readonly all: number
  readonly perClient: number
  /** For one IPv6 network, whose owner has the addresses of many clients. */
  readonly perNetwork: number
}

/** Counts how much each client has, so that no client takes more than its share. */
export class Shares {
  readonly #counts = new Map<string, number>()
  #all = 0

  constructor(private readonly limits: ShareLimits) {}

  /**
   * Counts one more for a client (see `clientKey`; null for one without a limit). Counts nothing,
   * and returns false, if that is more than its share, or more in all even after `makeRoom`.
   */
  take(client: string | null, makeRoom?: () => void): boolean {
    const { all } = this.limits
    if (!this.hasRoom(client)) return false
    const network = client === null ? null : networkOf(client)
    if (this.#all >= all) makeRoom?.()
    if (this.#all >= all) return false
    this.#add(client, network, 1)
    return true
  }

  /** Whether a client has less than its share. */
  hasRoom(client: string | null): boolean {
    const { perClient, perNetwork } = this.limits
    const network = client === null ? null : networkOf(client)
    if (client !== null && this.of(client) >= perClient) return false
    return network === null || this.of(network) < perNetwork
  }

  /** Counts one less for a client. */
  give(client: string | null): void {
    this.#add(client, client === null ? null : networkOf(client), -1)
  }

  /** How many more there may be of all. */
  get left(): number {
    return this.limits.all - this.#all
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  #add(client: string | null, network: string | null, change: number): void {
    this.#all += change
    for (const key of [client, network]) {
      if (key === null) continue
      const count = this.of(key) + change
      if (count > 0) this.#counts.set(key, count)
      else this.#counts.delete(key)
    }
  }
}
