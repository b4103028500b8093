import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsTaken } from './connections.js'

export interface ConnectionLimits {
  /** What stands for the client of a connection; null for one that may have any number. */
  readonly keyOf: (socket: Socket) => string | null
  /** The most connections of one client. */
  readonly maxPerClient: number
  /** The most connections of all clients together. */
  readonly maxConnections: number
}

/**
 * Closes the connections that a client opens beyond its share, so that no single one can use up the
 * descriptors of all, and those beyond what all may have. The function returned is for each server
 * that shares in the limits.
 */
export function connectionLimiter(limits: ConnectionLimits): (server: Server) => void {
  const { keyOf, maxPerClient, maxConnections } = limits
  /** Those that count, each by what stands for its client. */
  const counted = new Map<Socket, string | null>()
  const counts = new Map<string, number>()
  const come = (socket: Socket) => {
    const key = keyOf(socket)
    const count = key === null ? 0 : (counts.get(key) ?? 0)
    if (counted.size >= maxConnections || (key !== null && count >= maxPerClient)) {
      socket.destroy()
      return
    }
    counted.set(socket, key)
    if (key !== null) counts.set(key, count + 1)
  }
  const gone = (socket: Socket) => {
    const key = counted.get(socket) ?? null
    counted.delete(socket)
    if (key === null) return
    const left = (counts.get(key) ?? 0) - 1
    if (left > 0) counts.set(key, left)
    else counts.delete(key)
  }
  return (server) => {
    connectionsTaken(server).follow({ come, gone })
  }
}
