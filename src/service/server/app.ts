import type { IncomingMessage } from 'node:http'
import { fastify, type FastifyInstance } from 'fastify'
import { addDownloadRoutes } from '../downloads/routes.js'
import type { PathSets } from '../pkgtorrent/path-sets.js'
import { addPkgtorrentRoutes } from '../pkgtorrent/routes.js'
import { notFound } from '../refusal.js'
import type { ServiceOptions } from '../options.js'
import { addStatusRoutes, type StatusParts } from './status-routes.js'
import { refuseMethod, sendError } from '../web/errors.js'
import type { Requesters } from '../web/requester.js'
import { checkHosts } from '../web/public-address.js'
import type { TorrentSender } from '../torrents/send.js'

export interface AppParts {
  readonly options: ServiceOptions
  readonly sets: PathSets
  readonly sender: TorrentSender
  readonly requesters: Requesters
  readonly status: StatusParts
  /** Hears which route a request takes. */
  readonly onRoute: (request: IncomingMessage, route: string) => void
  /** Hears of errors that are the server's own. */
  readonly onError: (error: unknown) => void
}

/** All routes, with what every answer has in common. */
export function buildApp(parts: AppParts): FastifyInstance {
  const { options } = parts
  const app = fastify({
    bodyLimit: options.limits.maxBody,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 4096, querystringParser: () => ({}) },
    frameworkErrors: (error, _request, reply) => {
      sendError(reply, error)
    },
  })
  // Forms alone are understood
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    // Whoever needs it reads it
    (_request, payload, done) => {
      done(null, payload)
    },
  )
  app.setErrorHandler((error, _request, reply) => {
    sendError(reply, error)
    if (reply.statusCode === 500) parts.onError(error)
  })
  app.setNotFoundHandler((request, reply) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead) sendError(reply, notFound('this address'))
    else refuseMethod(reply, request.method, allowedMethods(request.url, options))
  })
  app.addHook('onRequest', (request, _reply, done) => {
    parts.onRoute(request.raw, request.routeOptions.url ?? 'none')
    checkHosts(request.raw, options.publicUrl !== null)
    done()
  })
  addStatusRoutes(app, parts.status)
  addPkgtorrentRoutes(app, parts)
  if (options.files) addDownloadRoutes(app, options)
  return app
}

/** What may be done at an address: sets of files are posted. */
function allowedMethods(url: string, { serviceName }: ServiceOptions): string {
  return url.split('/').slice(2, 4).join('/') === `${serviceName}/digest`
    ? 'GET, HEAD, POST'
    : 'GET, HEAD'
}
