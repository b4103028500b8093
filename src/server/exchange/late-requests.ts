import type { Socket } from 'node:net'
import type { PipelineQueue } from '../connections/pipeline-queue.js'
import type { Exchanges } from './exchanges.js'

/** Answers a connection with an error, and hangs up. */
export type Refuse = (error: NodeJS.ErrnoException, socket: Socket) => void

export interface LateRefusalParts {
  readonly exchanges: Exchanges
  /** Knows of requests that wait behind others, and are not under way. */
  readonly turns: Pick<PipelineQueue, 'isAwaited'>
  readonly refuse: Refuse
  /** How long a request may still take to come when it was not read before, in milliseconds. */
  readonly grace: number
}

/**
 * Makes what refuses requests that did not come whole in time. One that is pipelined behind others
 * is not refused before these have their answers: the refusal would pass for one of them. Nor need
 * it be the client's fault, as the bodies of such requests are not read meanwhile; so it has a
 * while from then on.
 */
export function lateRefusal({ exchanges, turns, refuse, grace }: LateRefusalParts): Refuse {
  const refuseLate: Refuse = (error, socket) => {
    const ahead = exchanges.first(socket)
    // Between two answers nothing is under way
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
      // Nothing is under way: the client has sent no request since that was whole, nor will it
      else socket.destroy()
    }
    setTimeout(check, grace).unref()
  }
  return refuseLate
}
