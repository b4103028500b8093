import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsTaken } from './connections.js'
import { Shares } from './shares.js'

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
