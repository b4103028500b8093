import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsTaken } from './connections.js'
import { Shares } from './shares.js'
import type { ClientAddresses } from './client-address.js'
import { readFileSync } from 'node:fs'

/** Descriptors for what else is opened, at least. */
const MIN_RESERVE = 64

export interface ConnectionLimits {
  /** What stands for the client of a connection; null for one that may have any number. */
  readonly keyOf: (socket: Socket) => string | null
  /** The most connections of one client. */
  readonly maxPerClient: number
  /** The most connections of one network of IPv6, whose owner has many clients' addresses. */
  readonly maxPerNetwork: number
  /** The most connections of all clients together. */
  readonly maxConnections: number
}

/**
 * Closes the connections that a client opens beyond its share, so that no single one can use up the
 * descriptors of all, and those beyond what all may have. The function returned is for each server
 * that shares in the limits.
 */
export function connectionLimiter(limits: ConnectionLimits): (server: Server) => void {
  const { keyOf, maxPerClient, maxPerNetwork, maxConnections } = limits
  /** Those that count, each by what stands for its client. */
  const counted = new Map<Socket, string | null>()
  const shares = new Shares({
    all: maxConnections,
    perClient: maxPerClient,
    perNetwork: maxPerNetwork,
  })
  const come = (socket: Socket) => {
    const key = keyOf(socket)
    if (shares.take(key)) counted.set(socket, key)
    else socket.destroy()
  }
  const gone = (socket: Socket) => {
    const key = counted.get(socket)
    if (key === undefined) return
    counted.delete(socket)
    shares.give(key)
  }
  return (server) => {
    connectionsTaken(server).follow({ come, gone })
  }
}

/** What bounds the connections of a program. */
export interface ConnectionRules {
  /** The most of all clients together. */
  readonly most: number
  /** The most of one client. */
  readonly mostPerClient: number
  /** The part of the descriptors that is left for files. */
  readonly filesShare: number
}

/** The bounds of a program; `maxDescriptors` is null where the system does not tell. */
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
    // Of one /48 of IPv6: what one customer of a provider may have
    maxPerNetwork: Math.ceil(inAll / 4),
    maxConnections: inAll,
  }
}

/**
 * How many files and sockets this process may have open (`ulimit -n`); null where the system does not
 * tell. Node asks for as many as it can have when it starts, so it is the hard limit.
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
