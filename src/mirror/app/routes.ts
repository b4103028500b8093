import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  errorResponse,
  notFound,
  NotReady,
  refuseMethod,
  sendError,
  setRetryAfter,
} from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { renderPage } from '../../server/pages/layout.js'
import { pageHeaders } from '../../server/pages/policy.js'
import { html } from '../../text/html.js'
import { addFileRoutes } from '../downloads/routes.js'
import { addFeedRoute, type Feed } from '../feed/feed.js'
import type { DirectoryPages } from '../listing/directory-pages.js'
import type { ServiceOptions } from '../options.js'
import type { PathSets } from '../pkgtorrent/path-sets.js'
import { addPkgtorrentRoutes } from '../pkgtorrent/routes.js'
import { sendProgress } from '../progress/progress-page.js'
import { pageLinks, wantsPage } from '../requests/page-wish.js'
import { checkHosts } from '../requests/public-address.js'
import type { Requesters } from '../requests/requester.js'
import { hasListings, type HeaderOptions, renderSiteHeader } from '../requests/site-header.js'
import { addStatusPageRoutes, addStatusRoutes, type ServiceState } from '../status/status-page.js'
import type { StatusReport } from '../status/status.js'
import type { TorrentSender } from '../torrents/response.js'
import { RESERVED } from '../tree/mirror.js'
import type { DirectoryTorrents } from '../views/directory-torrents.js'
import type { FileDigests } from '../views/file-digests.js'
import type { FileTorrents } from '../views/file-torrents.js'
import { Views } from '../views/views.js'

export interface RouteParts extends Pick<ServerContext, 'now' | 'onError'> {
  readonly options: ServiceOptions
  readonly sets: PathSets
  readonly files: FileTorrents
  readonly directories: DirectoryTorrents
  readonly digests: FileDigests
  readonly sender: TorrentSender
  readonly requesters: Requesters
  readonly status: ServiceState & { readonly report: () => Promise<StatusReport> }
  /** Null if the mirror has no pages of directories. */
  readonly directoryPages: DirectoryPages | null
  /** Null if there is no feed of new torrents. */
  readonly feed: Feed | null
  /** Receives the route of each request. */
  readonly onRoute: (request: IncomingMessage, route: string) => void
}

/** A plugin with all routes of the mirror and what their answers have in common. */
export function mirrorRoutes(app: FastifyInstance, parts: RouteParts, done: () => void): void {
  const { options } = parts
  // Only forms are accepted
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    // The route reads the body if it needs it
    (_request, payload, done) => {
      done(null, payload)
    },
  )
  app.setErrorHandler((error, request, reply) => {
    if (sendProgress(request, reply, { error, options })) return
    sendAsWanted(request, reply, { error, options })
    if (reply.statusCode === 500) parts.onError(error)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url?.slice(options.prefix.length)
    parts.onRoute(request.raw, route ?? 'none')
    checkHosts(request.raw, options.publicUrl !== null)
    checkReserved(request, route)
    done()
  })
  addStatusRoutes(app, parts.status)
  if (parts.feed) addFeedRoute(app, parts.feed)
  addStatusPageRoutes(app, parts.status.report, options)
  addPkgtorrentRoutes(app, parts)
  addFileRoutes(app, { ...parts, views: new Views(options, parts) })
  done()
}

/** Answers requests that no route has, below the plugin's prefix. */
export function answerUnknown(app: FastifyInstance, parts: RouteParts): void {
  app.setNotFoundHandler((request, reply) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead)
      sendAsWanted(request, reply, { error: notFound('this address'), options: parts.options })
    else refuseMethod(reply, request.method, allowedMethods(request.url, parts.options))
  })
}

/** Sends an error as a page if the client wants one, otherwise as a line of text. */
export function sendAsWanted(
  request: FastifyRequest,
  reply: FastifyReply,
  refused: { readonly error: unknown; readonly options: HeaderOptions },
): void {
  if (!sendErrorPage(request, reply, refused)) sendError(reply, refused.error)
}

/**
 * Makes sure that a reserved address is asked for by its exact name. So a proxy that blocks it need
 * not know other spellings.
 * @throws Refusal
 */
function checkReserved({ url }: FastifyRequest, route = ''): void {
  if (!route.startsWith(`/${RESERVED}/`)) return
  const path = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0]
  if (path !== route) throw notFound('this address')
}

/** The methods of an address; sets of files may be posted. */
function allowedMethods(url: string, { serviceName }: ServiceOptions): string {
  return url.split('/').slice(2, 4).join('/') === `${serviceName}/digest`
    ? 'GET, HEAD, POST'
    : 'GET, HEAD'
}

/**
 * Sends a browser an error as a page with links back. Returns false for other clients, whose answer
 * the caller sends.
 */
export function sendErrorPage(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { error, options }: { readonly error: unknown; readonly options: HeaderOptions },
): boolean {
  reply.header('Vary', 'Accept')
  if (!wantsPage(raw)) return false
  const { status, line } = errorResponse(error)
  const title = `${status} ${STATUS_CODES[status] ?? ''}`
  const { root, directory } = pageLinks(raw.url ?? '')
  const links = [
    error instanceof NotReady && html`<li><a href="">Try again</a></li>`,
    hasListings(options) &&
      directory !== root &&
      html`<li><a href="${directory}">Index of the directory</a></li>`,
  ]
  const page = renderPage(
    { title, header: renderSiteHeader(options, root, null) },
    html`<h1>${title}</h1>
      <p>${line}</p>
      <ul>
        ${links}
      </ul>`,
  )
  setRetryAfter(reply, error)
  reply.code(status).headers(pageHeaders()).send(page)
  return true
}
