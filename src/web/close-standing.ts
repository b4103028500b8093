import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Closes connections whose client does not take its answer, after about twice `standstill`
 * milliseconds in which nothing moves. What Node has for this, `server.setTimeout`, sets a timer anew
 * for each request, which takes as long as a good part of a short answer; here only those are
 * timed that were twice seen with as much waiting to be sent.
 */
export function closeStanding(server: Server, standstill: number): void {
  const waiting = new Map<Socket, number>()
  server.on('connection', (socket) => {
    waiting.set(socket, 0)
    socket.once('close', () => waiting.delete(socket))
  })
  const look = () => {
    for (const [socket, before] of waiting) {
      const now = socket.writableLength
      if (now > 0 && now === before && socket.timeout !== standstill) socket.setTimeout(standstill)
      waiting.set(socket, now)
    }
  }
  const timer = setInterval(look, standstill / 2).unref()
  server.once('close', () => {
    clearInterval(timer)
  })
}
