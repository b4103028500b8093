import { buildApp } from './app.js'
import { assembleMirror, type MirrorParts } from './mirror-parts.js'
import { Exchanges } from '../../server/exchange/exchanges.js'
import type { Handler } from '../../server/connections/pipeline-queue.js'
import type { AccessLog } from '../../server/exchange/access-log.js'
import { keptAnswers } from '../torrents/kept-answers.js'
import type { Exchange } from '../../server/exchange/exchange.js'
import { RequestFigures } from '../../server/metrics/request-figures.js'
import type { Warmer } from '../warm/warmer.js'

export interface AssemblyParts extends Omit<MirrorParts, 'requests' | 'connections' | 'onRoute'> {
  readonly log: AccessLog
}

/** A service that answers requests and can be closed. */
export interface AssembledService {
  readonly handler: Handler
  readonly exchanges: Exchanges
  /** Hashes ahead; must be started and stopped. Null if nothing is hashed ahead. */
  readonly warmer: Warmer | null
  /** Reads which sets are in the cache, so that their number can be bounded. */
  readonly loadSets: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Creates the parts that answer requests on the service's own servers. */
export async function assembleService(parts: AssemblyParts): Promise<AssembledService> {
  const { log, monotonic } = parts
  const requests = new RequestFigures()
  const report = (exchange: Exchange) => {
    requests.note(exchange)
    log.note(exchange)
  }
  const exchanges = new Exchanges(report, { monotonic })
  const mirror = assembleMirror({
    ...parts,
    requests,
    connections: () => exchanges.connections,
    onRoute: (request, route) => {
      exchanges.setRoute(request, route)
    },
  })
  const { warmer, loadSets, responses, onDemand } = mirror
  const app = buildApp(mirror.routes)
  await app.ready()
  const onKept = () => {
    onDemand.origins.memory++
  }
  const answerKept = keptAnswers({ responses, onKept, exchanges, report, monotonic })
  const handler: Handler = (request, response) => {
    mirror.followRoot()
    if (answerKept(request, response)) return
    exchanges.begin(request, response)
    app.routing(request, response)
  }
  return { handler, exchanges, warmer, loadSets, close: () => app.close() }
}
