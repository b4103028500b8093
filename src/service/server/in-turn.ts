import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A connection on which more requests than these wait for their turn is closed. */
const MAX_WAITING = 1000

/**
 * Makes a handler that begins a pipelined request only when the answers before its own are sent.
 * What is begun then has the connection, so its response emits `close` when the client leaves. The
 * requests that were not begun by then are never begun, and onLeft hears of each.
 */
export function inTurn(handler: Handler, onLeft: (request: IncomingMessage) => void): Handler {
  const waiting = new WeakMap<Socket, Set<IncomingMessage>>()
  const waitingOn = (socket: Socket) => {
    const known = waiting.get(socket)
    if (known) return known
    const requests = new Set<IncomingMessage>()
    waiting.set(socket, requests)
    socket.once('close', () => {
      requests.forEach(onLeft)
    })
    return requests
  }
  const wait = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const requests = waitingOn(socket).add(request)
    if (requests.size > MAX_WAITING) socket.destroy()
    const begin = () => {
      if (socket.destroyed) return
      requests.delete(request)
      handler(request, response)
    }
    // Node has yet to finish handing the connection over
    response.once('socket', () => {
      process.nextTick(begin)
    })
  }
  return (request, response) => {
    // Node gives it to one response after the other
    if (response.socket) handler(request, response)
    else wait(request, response)
  }
}
