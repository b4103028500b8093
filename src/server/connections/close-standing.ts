import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsOf } from './connections.js'

/**
 * Closes connections whose client does not take its answer, after about twice `standstill`
 * milliseconds in which nothing moves. What Node has for this, `server.setTimeout`, sets a timer anew
 * for each request, which takes as long as a good part of a short answer; here only those are
 * timed that were twice seen with as much waiting to be sent.
 */
export function closeStanding(server: Server, standstill: number): void {
  const { open } = connectionsOf(server)
  let before = new Map<Socket, number>()
  const look = () => {
    const waiting = new Map<Socket, number>()
    for (const socket of open) {
      const now = socket.writableLength
      if (now === 0) continue
      if (now === before.get(socket) && socket.timeout !== standstill) socket.setTimeout(standstill)
      waiting.set(socket, now)
    }
    before = waiting
  }
  const timer = setInterval(look, standstill / 2).unref()
  server.once('close', () => {
    clearInterval(timer)
  })
}
