import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchanges } from './exchanges.js'

/** A server that can be told to answer clients that have sent their end. */
interface HalfOpenServer extends Server {
  httpAllowHalfOpen: boolean
}

/** When clients are tried that have sent their end, in milliseconds; the last time is repeated. */
const TRIALS = [0, 50, 250, 1000] as const
const LAST_TRIAL = 1000

/** Clients of HTTP/1.0, which can't be tried, get an answer within that many milliseconds. */
const PATIENCE = 1000

/**
 * Answers clients that close their half of the connection after the request, as `nc -N` does. A
 * client that left for good looks the same until something is sent to it: so as long as there is
 * no answer, it is sent word that there will be one (100 Continue), which every client of HTTP/1.1
 * passes over. The system of one that left resets the connection then.
 */
export function answerHalfClosed(server: Server, exchanges: Exchanges): void {
  const halfOpen = server as HalfOpenServer
  halfOpen.httpAllowHalfOpen = true
  server.on('connection', (socket) => {
    socket.once('end', () => {
      tryClient(socket, exchanges, 0)
    })
  })
}

/** Tries a client, and again after a while, until it has its answer or is seen to be gone. */
function tryClient(socket: Socket, exchanges: Exchanges, trial: number): void {
  const after = TRIALS[trial] ?? LAST_TRIAL
  const timer = setTimeout(() => {
    const awaited = exchanges.awaited(socket)
    if (awaited?.request.httpVersion === '1.1') awaited.promise()
    else if (awaited && after >= PATIENCE) socket.destroy()
    if (exchanges.isBusy(socket)) tryClient(socket, exchanges, trial + 1)
  }, after)
  timer.unref()
}
