import type { FastifyInstance } from 'fastify'
import { jsonLine } from '../../text/escape.js'
import { prefersJson } from '../../server/answers/accept.js'
import { pageHeaders, SAFE_HEADERS } from '../../server/pages/policy.js'
import { REFRESH_SCRIPT } from '../progress/refresh-script.js'
import { addReadRoute } from '../../server/answers/read-route.js'
import type { StatusReport } from './report.js'
import { renderStatusPage } from './status-page.js'

export interface StatusPageRoutesParts {
  /** The report of the last second: the same object as long as it is the same. */
  readonly report: () => Promise<StatusReport>
  /** Whether the files can be had here. */
  readonly hasFiles: boolean
  /** Whether directories have pages. */
  readonly hasListings: boolean
}

/** What the service does, at `/-/status`: a page, and its twin for programs. */
export function addStatusPageRoutes(
  app: FastifyInstance,
  { report, ...links }: StatusPageRoutesParts,
): void {
  const rendered = {
    json: keepLast((of: StatusReport) => jsonLine(of)),
    page: keepLast((of: StatusReport) => renderStatusPage({ report: of, isLive: false, ...links })),
    live: keepLast((of: StatusReport) => renderStatusPage({ report: of, isLive: true, ...links })),
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

/** Renders a value once, as long as it is the same. */
function keepLast<T>(render: (value: T) => string): (value: T) => string {
  let last: { readonly value: T; readonly text: string } | null = null
  return (value) => {
    if (last?.value !== value) last = { value, text: render(value) }
    return last.text
  }
}
