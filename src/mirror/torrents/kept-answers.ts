import type { IncomingMessage } from 'node:http'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import type { Exchange } from '../../server/exchange/exchange.js'
import type { ResponseCache } from './response-cache.js'
import type { ServerContext } from '../../server/context.js'

/** The route in the metrics of torrents requested again within a second. */
const KEPT = 'kept response'

export interface KeptAnswersParts extends Pick<ServerContext, 'monotonic'> {
  readonly responses: Pick<ResponseCache, 'answer'>
  /** Follows answers that are not sent at once. */
  readonly exchanges: {
    readonly begin: (request: IncomingMessage, response: CountedResponse) => void
    readonly setRoute: (request: IncomingMessage, route: string) => void
  }
  /** Receives answers that are sent at once. */
  readonly report: (exchange: Exchange) => void
  /** Called for each torrent that is sent again. */
  readonly onKept: () => void
}

/**
 * Makes a function that answers from the kept responses. It reports the answer at once, unless a
 * slow client still has to read it. It returns false if no response is kept.
 */
export function keptAnswers({
  responses,
  exchanges,
  report,
  onKept,
  monotonic,
}: KeptAnswersParts): (request: IncomingMessage, response: CountedResponse) => boolean {
  return (request, response) => {
    const startedAt = monotonic()
    const kept = responses.answer(request, response)
    if (!kept) return false
    onKept()
    if (response.socket?.writableLength === 0) {
      const milliseconds = monotonic() - startedAt
      const bytes = kept.answer.body.length
      report({ request, route: KEPT, status: 200, bytes, milliseconds, isComplete: true })
    } else {
      exchanges.begin(request, response)
      exchanges.setRoute(request, KEPT)
    }
    return true
  }
}
