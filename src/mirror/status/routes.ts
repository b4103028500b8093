import type { FastifyInstance, FastifyReply } from 'fastify'
import { jsonLine } from '../../text/escape.js'
import { prefersJson } from '../../server/answers/accept.js'
import { pageHeaders, SAFE_HEADERS } from '../../server/pages/policy.js'
import { REFRESH_SCRIPT } from '../progress/refresh-script.js'
import { addReadRoute } from '../../server/answers/read-route.js'
import type { StatusReport } from './status.js'
import { renderStatusPage, type StatusPageOptions } from './status-page.js'
import { missingRoot } from '../tree/missing-root.js'
import { sendError, sendLine } from '../../server/answers/errors.js'

/** Also answered while the service stops. */
export const HEALTH = '/-/health'

interface StatusPageRoutesParts {
  /** The report of the last second: the same object until it changes. */
  readonly report: () => Promise<StatusReport>
  readonly options: StatusPageOptions
}

/** Adds the service's status at `/-/status`: a page, and the same as JSON. */
export function addStatusPageRoutes(
  app: FastifyInstance,
  { report, options }: StatusPageRoutesParts,
): void {
  const rendered = {
    json: keepLast((of: StatusReport) => jsonLine(of)),
    page: keepLast((of: StatusReport) => renderStatusPage({ report: of, isLive: false, options })),
    live: keepLast((of: StatusReport) => renderStatusPage({ report: of, isLive: true, options })),
  }

  addReadRoute(app, '/-/status.json', async (_request, reply) => {
    return reply.headers(JSON_HEADERS).send(rendered.json(await report()))
  })

  addReadRoute(app, '/-/status', async ({ raw }, reply) => {
    const told = await report()
    reply.header('Vary', 'Accept')
    if (prefersJson(raw.headers.accept)) {
      return reply.headers(JSON_HEADERS).send(rendered.json(told))
    }
    const page = raw.url?.endsWith('?live') ? rendered.live : rendered.page
    return reply.headers(PAGE_HEADERS).send(page(told))
  })
}

const FRESH = { 'Cache-Control': 'max-age=1' }
const PAGE_HEADERS = { ...pageHeaders(REFRESH_SCRIPT), ...FRESH }
const JSON_HEADERS = { ...SAFE_HEADERS, ...FRESH, 'Content-Type': 'application/json' }

/** Renders a value once, until the value changes. */
function keepLast<T>(render: (value: T) => string): (value: T) => string {
  let last: { readonly value: T; readonly text: string } | null = null
  return (value) => {
    if (last?.value !== value) last = { value, text: render(value) }
    return last.text
  }
}

export interface StatusParts {
  /** The service's metrics, in Prometheus' text format; null to answer none. */
  readonly describe: (() => Promise<string>) | null
  /** Whether the mirror's root exists. */
  readonly isRootThere: () => Promise<boolean>
}

/**
 * Adds the addresses below `/-/` that describe the service. `health` says whether the mirror is
 * there; `ready` says whether to send requests here.
 */
export function addStatusRoutes(app: FastifyInstance, parts: StatusParts): void {
  const sendState = async (reply: FastifyReply) => {
    reply.header('Cache-Control', 'no-store')
    if (await parts.isRootThere()) sendLine(reply, 200, 'ok')
    else sendError(reply, missingRoot())
    return reply
  }
  addReadRoute(app, HEALTH, (_request, reply) => sendState(reply))
  // While the service stops, this one is refused like all others
  addReadRoute(app, '/-/ready', (_request, reply) => sendState(reply))

  const { describe } = parts
  if (!describe) return
  addReadRoute(app, '/-/metrics', async (_request, reply) => {
    return reply
      .header('Cache-Control', 'no-store')
      .type('text/plain; version=0.0.4')
      .send(await describe())
  })
}
