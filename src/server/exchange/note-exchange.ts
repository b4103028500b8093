import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { AccessLog } from './access-log.js'
import type { CountedResponse } from '../connections/counted-response.js'
import { CLIENT_LEFT, rememberPeer } from './exchange.js'
import type { ConnectionRefusal } from '../connections/refuse-connection.js'

export interface NoteParts {
  readonly request: IncomingMessage
  readonly response: CountedResponse
  readonly log: AccessLog
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
}

/** Has a request logged when its answer is sent, or its client has left. */
export function noteExchange({ request, response, log, monotonic }: NoteParts): void {
  const startedAt = monotonic()
  rememberPeer(request.socket)
  response.once('close', () => {
    const isComplete = response.writableFinished
    log.note({
      request,
      route: '',
      status: response.headersSent ? response.statusCode : CLIENT_LEFT,
      bytes: isComplete ? response.bodyBytes : 0,
      milliseconds: monotonic() - startedAt,
      isComplete,
    })
  })
}

/** Has what was no request, and was refused, logged. */
export function noteRefusal(
  log: AccessLog,
  socket: Socket,
  { status, bytes }: ConnectionRefusal,
): void {
  const request = { socket, headers: {}, method: undefined, url: undefined }
  log.note({ request, route: '', status, bytes, milliseconds: 0, isComplete: true })
}
