import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How long requests under way may take to end, in milliseconds. */
const GRACE = 8_000

/** How often connections that became idle are closed, in milliseconds. */
const SWEEP = 50

/**
 * Prepares a server for its shutdown. The function returned takes no further connections, and resolves
 * when requests under way are done, or out of time.
 */
export function makeCloser(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const sweep = () => {
    server.closeIdleConnections()
    // Those on which nothing was ever asked do not count as idle
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
  return () => {
    return new Promise((resolve) => {
      const timers = [
        setInterval(sweep, SWEEP),
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
