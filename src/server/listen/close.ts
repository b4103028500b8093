import type { IncomingMessage, Server } from 'node:http'
import { CLOSING } from '../connections/accept-queue.js'
import { connectionsOf } from '../connections/connections.js'
import type { Exchanges } from '../exchange/exchanges.js'
import { connectionsInHandshake } from './tls-keys.js'

/** Milliseconds that requests under way have to end. */
const GRACE = 8_000

/** Milliseconds between closings of connections that became idle. */
const SWEEP = 50

/**
 * Milliseconds that a client that has just connected has for its request. The request is on its
 * way; clients that connect later are refused by the system.
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
      let isClosed = false
      // Node counts only the connections that it has accepted itself
      const end = () => {
        if (!isClosed || sockets.size > 0) return
        for (const timer of timers) clearTimeout(timer)
        resolve()
      }
      const timers = [
        setInterval(() => {
          sweep()
          end()
        }, SWEEP),
        setTimeout(closeUnasked, FIRST_REQUEST),
        setTimeout(() => {
          // Node knows no more of those that it has left, as for a tunnel
          for (const socket of sockets) socket.destroy()
        }, GRACE),
      ]
      server.emit(CLOSING)
      server.close(() => {
        isClosed = true
        end()
      })
      sweep()
    })
  }
}

/**
 * Returns a function that tells, while a service stops, which requests are still answered: those
 * for the address `always`, and the first of a connection, because it may have been on its way. A
 * client that connects from now on reaches another process, or nobody.
 */
export function drainGate(
  exchanges: Pick<Exchanges, 'asked'>,
  always: string,
): (request: Pick<IncomingMessage, 'socket' | 'url'>) => boolean {
  const asked = exchanges.asked()
  return ({ socket, url }) => url === always || asked.size < asked.add(socket).size
}
