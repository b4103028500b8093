import type { Server, Socket } from 'node:net'

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
  const counts = new Map<string, number>()
  let all = 0
  const countOne = (socket: Socket, key: string | null) => {
    all += 1
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1)
    socket.once('close', () => {
      all -= 1
      if (key === null) return
      const left = (counts.get(key) ?? 0) - 1
      if (left > 0) counts.set(key, left)
      else counts.delete(key)
    })
  }
  return (server) => {
    server.on('connection', (socket) => {
      const key = keyOf(socket)
      const isOver = key !== null && (counts.get(key) ?? 0) >= maxPerClient
      if (all >= maxConnections || isOver) socket.destroy()
      else countOne(socket, key)
    })
  }
}
