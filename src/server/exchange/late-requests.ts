import type { Socket } from 'node:net'
import type { PipelineQueue } from '../connections/pipeline-queue.js'
import type { Exchanges } from './exchanges.js'

/** Answers a connection with an error and closes it. */
export type Refuse = (error: NodeJS.ErrnoException, socket: Socket) => void

export interface LateRefusalParts {
  readonly exchanges: Exchanges
  /** Knows the requests that wait behind others and are not under way. */
  readonly turns: Pick<PipelineQueue, 'isAwaited'>
  readonly refuse: Refuse
  /** Milliseconds that a request has to arrive after its connection was not read. */
  readonly grace: number
}

/**
 * Makes a function that refuses requests that did not arrive completely in time. A pipelined
 * request is refused only after all requests before it have their answers: the client would take
 * the refusal for one of those. The delay may also be the server's, because the bodies of pipelined
 * requests are not read meanwhile. So such a request has the `grace` from then on.
 */
export function lateRefusal({ exchanges, turns, refuse, grace }: LateRefusalParts): Refuse {
  const refuseLate: Refuse = (error, socket) => {
    const ahead = exchanges.first(socket)
    // Between two answers no request is under way
    if (!ahead && turns.isAwaited(socket)) later(error, socket)
    else if (!ahead?.request.complete) refuse(error, socket)
    else {
      ahead.response.once('close', () => {
        later(error, socket)
      })
    }
  }
  const later: Refuse = (error, socket) => {
    const check = () => {
      if (socket.destroyed) return
      if (exchanges.first(socket) || turns.isAwaited(socket)) refuseLate(error, socket)
      // No request is under way: the client has sent none since the last, and will not
      else socket.destroy()
    }
    setTimeout(check, grace).unref()
  }
  return refuseLate
}
