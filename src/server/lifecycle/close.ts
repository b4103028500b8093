import type { Server } from 'node:http'
import { connectionsOf } from '../connections/connections.js'
import { connectionsInHandshake } from '../connections/handshakes.js'

/** Milliseconds that requests under way have to end. */
const GRACE = 8_000

/** Milliseconds between closings of connections that became idle. */
const SWEEP = 50

/**
 * Milliseconds that a client that has just connected has for its request. The request is on its
 * way; clients that connect later are refused instead.
 */
const FIRST_REQUEST = 500

/**
 * Prepares a server for its shutdown. The returned function stops accepting connections. It
 * resolves when requests under way have ended or their time is over.
 */
export function makeCloser(server: Server): () => Promise<void> {
  const { open: sockets } = connectionsOf(server)
  const sweep = () => {
    server.closeIdleConnections()
  }
  const closeUnasked = () => {
    // Node does not count connections without any request as idle
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
