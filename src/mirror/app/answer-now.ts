import type { IncomingMessage } from 'node:http'
import { ROUTE } from './file-routes.js'
import { namedView } from '../tree/address.js'
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
  const routeOf = (request: IncomingMessage, response: CountedResponse) => {
    const { url = '' } = request
    // A view is made by the router, even if a file has its name
    const isOfFile = !url.includes('?') && !url.endsWith('/') && namedView(url) === null
    if (isOfFile && downloads.answerNow(request, response)) return ROUTE
    return responses.answer(request, response)
  }
  return (request, response) => {
    const startedAt = monotonic()
    const route = routeOf(request, response)
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
