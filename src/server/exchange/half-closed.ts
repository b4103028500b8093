import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsOf } from '../connections/connections.js'
import type { Exchanges } from './exchanges.js'

/** A server that can be told to answer clients that have sent their end. */
interface HalfOpenServer extends Server {
  httpAllowHalfOpen: boolean
}

/** Milliseconds before each check whether a client that has sent its end is still there. */
const CHECKS = [0, 50, 250, 1000] as const
/** Milliseconds before all checks after these. */
const LATER_CHECKS = 1000

/** Milliseconds after which a client of HTTP/1.0, for which there is no check, counts as gone. */
const PATIENCE = 1000

/**
 * Answers clients that close their half of the connection after the request, as `nc -N` does. A
 * client that has left looks the same until something is sent to it. So while there is no answer
 * yet, it is sent interim responses (100 Continue), which clients of HTTP/1.1 ignore; to those of a
 * client that has left, its system answers by resetting the connection.
 */
export function answerHalfClosed(server: Server, exchanges: Exchanges): void {
  const halfOpen = server as HalfOpenServer
  halfOpen.httpAllowHalfOpen = true
  const come = (socket: Socket) => {
    socket.once('end', () => {
      checkClient(socket, exchanges, 0)
    })
  }
  connectionsOf(server).follow({ come })
}

/** Checks again and again whether a client is there, until it has its answer. */
function checkClient(socket: Socket, exchanges: Exchanges, check: number): void {
  const after = CHECKS[check] ?? LATER_CHECKS
  const timer = setTimeout(() => {
    const awaited = exchanges.awaited(socket)
    if (awaited?.request.httpVersion === '1.1') awaited.response.writeContinue()
    else if (awaited && after >= PATIENCE) socket.destroy()
    if (exchanges.isBusy(socket)) checkClient(socket, exchanges, check + 1)
  }, after)
  timer.unref()
}
