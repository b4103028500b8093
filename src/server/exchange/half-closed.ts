import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { connectionsOf } from '../connections/connections.js'
import type { Exchanges } from './exchanges.js'

/** A server with Node's setting to answer clients that have closed their half. */
interface HalfOpenServer extends Server {
  httpAllowHalfOpen: boolean
}

/** Milliseconds before each check whether a half-closed client is still connected. */
const CHECKS = [0, 50, 250, 1000] as const
/** Milliseconds before each further check. */
const LATER_CHECKS = 1000

/** Milliseconds after which an HTTP/1.0 client counts as gone, because it cannot be checked. */
const PATIENCE = 1000

/**
 * Answers clients that close their half of the connection after the request, as `nc -N` does. A
 * client that has left looks the same until something is sent. Until the answer begins, interim
 * responses (100 Continue) are sent, which HTTP/1.1 clients ignore. The system of a client that has
 * left answers them by resetting the connection.
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

/** Checks repeatedly whether the client is connected, until it has its answer. */
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
