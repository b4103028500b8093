import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addFileRoutes } from '../downloads/routes.js'
import type { Feed } from '../feed/feed.js'
import { addFeedRoute } from '../feed/feed.js'
import type { DirectoryPages } from '../listing/directory-pages.js'
import type { FileTorrents } from '../views/file-torrents.js'
import type { PathSets } from '../pkgtorrent/path-sets.js'
import { addPkgtorrentRoutes } from '../pkgtorrent/routes.js'
import { RESERVED } from '../tree/mirror.js'
import { notFound } from '../../server/answers/refusal.js'
import type { ServiceOptions } from '../options.js'
import { sendProgress } from '../progress/send-progress.js'
import type { StatusReport } from '../status/status.js'
import { addStatusPageRoutes, addStatusRoutes, type StatusParts } from '../status/routes.js'
import type { HeaderOptions } from '../requests/site-header.js'
import { sendErrorPage } from '../requests/error-page.js'
import { refuseMethod, sendError } from '../../server/answers/errors.js'
import type { Requesters } from '../requests/requester.js'
import { checkHosts } from '../requests/public-address.js'
import type { TorrentSender } from '../torrents/send.js'
import type { DirectoryTorrents } from '../views/directory-torrents.js'
import type { FileDigests } from '../views/file-digests.js'
import { Views } from '../views/views.js'
import type { ServerContext } from '../../server/context.js'

export interface RouteParts extends Pick<ServerContext, 'now' | 'onError'> {
  readonly options: ServiceOptions
  readonly sets: PathSets
  readonly files: FileTorrents
  readonly directories: DirectoryTorrents
  readonly digests: FileDigests
  readonly sender: TorrentSender
  readonly requesters: Requesters
  readonly status: StatusParts & { readonly report: () => Promise<StatusReport> }
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
  addStatusPageRoutes(app, {
    report: parts.status.report,
    options,
  })
  addPkgtorrentRoutes(app, parts)
  addFileRoutes(app, { ...parts, views: new Views(parts) })
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
