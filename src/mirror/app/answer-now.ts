import type { IncomingMessage } from 'node:http'
import { ROUTE } from './file-routes.js'
import type { OpenMirror } from './open-mirror.js'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import type { Exchange, Exchanges } from '../../server/exchange/exchanges.js'

/**
 * Makes a function that answers before any router or hook what can be answered at once: a torrent, a file
 * that is in memory, a page of a directory, all sent before and unchanged. An answer that the system has
 * taken whole is reported at once. The function returns false for all other requests.
 */
export function answersNow(
  { responses, downloads }: OpenMirror,
  exchanges: Exchanges,
  report: (exchange: Exchange) => void,
  monotonic: () => number,
): (request: IncomingMessage, response: CountedResponse) => boolean {
  return (request, response) => {
    const startedAt = monotonic()
    // Files are looked for first: one of them may have the name of a view
    const isOfFile = downloads.answerNow(request, response)
    const route = isOfFile ? ROUTE : responses.answer(request, response)
    if (route === null) return false
    if (response.writableEnded && response.socket?.writableLength === 0) {
      const milliseconds = monotonic() - startedAt
      const { statusCode: status, bodyBytes: bytes } = response
      report({ request, route, status, bytes, milliseconds, isComplete: true })
    } else {
      exchanges.begin(request, response, route)
    }
    return true
  }
}
