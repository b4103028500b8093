import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsOf } from '../connections/connections.js'
import type { Exchanges } from '../exchange/exchanges.js'
import { connectionsInHandshake } from './tls-keys.js'

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
          server.closeAllConnections()
        }, GRACE),
      ]
      server.close(() => {
        isClosed = true
        end()
      })
      sweep()
    })
  }
}

/** Decides which requests are still answered while the service stops. */
export class DrainGate {
  /** While stopping: older connections whose first request is still answered; null before. */
  #unasked: Set<Socket> | null = null

  /** `always` is the address that is answered until the end. */
  constructor(
    private readonly exchanges: Pick<Exchanges, 'unasked'>,
    private readonly always: string,
  ) {}

  /** Begins to refuse further requests. */
  close(): void {
    this.#unasked = this.exchanges.unasked()
  }

  /** Whether a request is to be answered. */
  admits({ socket, url }: Pick<IncomingMessage, 'socket' | 'url'>): boolean {
    return this.#unasked === null || this.#unasked.delete(socket) || url === this.always
  }
}
