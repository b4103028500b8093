import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsTaken } from './connections.js'
import { LargestHolder } from './largest-holder.js'
import { Shares } from './shares.js'
import type { ClientAddresses } from './client-address.js'
import { readFileSync } from 'node:fs'

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
