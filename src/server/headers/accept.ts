import type { IncomingMessage } from 'node:http'
import type {
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
} from 'fastify'

/** Types that programs are served at the addresses of pages. */
const FOR_PROGRAMS = ['application/json', 'application/x-bittorrent']

/**
 * Whether a client prefers a page for people, by its `Accept` header (RFC 9110, section 12.5.1).
 * Browsers name HTML there. Programs such as curl name no type; a wildcard does not ask for a page.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const html = qualityOf('text/html', accept)
  return html > 0 && FOR_PROGRAMS.every((type) => qualityOf(type, accept) <= html)
}

/** Whether a client names JSON and prefers it at least as much as HTML. */
export function prefersJson(accept: string | undefined): boolean {
  const json = qualityOf('application/json', accept)
  return json > 0 && json >= qualityOf('text/html', accept)
}

/** The quality from 0 to 1 of a type that a client names; 0 if it does not name the type. */
function qualityOf(type: string, accept = ''): number {
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    if (name !== type) continue
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    // An invalid quality counts as 0
    return quality === undefined ? 1 : Math.min(1, Number(quality.slice(2)) || 0)
  }
  return 0
}

/** Handler of GET and HEAD; of an answer to HEAD only the headers are sent. */
export type ReadHandler<Route extends RouteGenericInterface> = RouteHandlerMethod<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Route
>

/**
 * Adds a route for GET and HEAD. Fastify's own HEAD route would report the body, which is not sent,
 * as empty.
 */
export function addReadRoute<Route extends RouteGenericInterface>(
  app: FastifyInstance,
  url: string,
  handler: ReadHandler<Route>,
): void {
  app.route<Route>({ method: ['GET', 'HEAD'], url, handler })
}

/** Whether a request comes from a browser, which can show a page while it waits. */
export function wantsPage({
  method,
  headers,
}: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return (method === 'GET' || method === 'HEAD') && prefersHtml(headers.accept)
}
