import type { Server } from 'node:http'
import { connectionsOf } from '../connections/connections.js'
import { connectionsInHandshake } from '../connections/handshakes.js'

/** How long requests under way may take to end, in milliseconds. */
const GRACE = 8_000

/** How often connections that became idle are closed, in milliseconds. */
const SWEEP = 50

/**
 * How long a client that has just connected may take to ask, in milliseconds: its request is on its
 * way, and was not refused as those are that connect later.
 */
const FIRST_REQUEST = 500

/**
 * Prepares a server for its shutdown. The function returned takes no further connections, and resolves
 * when requests under way are done, or out of time.
 */
export function makeCloser(server: Server): () => Promise<void> {
  const { open: sockets } = connectionsOf(server)
  const sweep = () => {
    server.closeIdleConnections()
  }
  const closeUnasked = () => {
    // Those on which nothing was ever asked do not count as idle
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    for (const socket of connectionsInHandshake(server)) socket.destroy()
  }
  return () => {
    return new Promise((resolve) => {
      const timers = [
        setInterval(sweep, SWEEP),
        setTimeout(closeUnasked, FIRST_REQUEST),
        setTimeout(() => {
          server.closeAllConnections()
        }, GRACE),
      ]
      server.close(() => {
        for (const timer of timers) clearTimeout(timer)
        resolve()
      })
      sweep()
    })
  }
}
