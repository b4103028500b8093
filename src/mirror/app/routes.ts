import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { OpenMirror } from './open-mirror.js'
import { addFileRoutes } from './file-routes.js'
import { addFeedRoute } from '../views/feed.js'
import type { ServiceOptions } from '../options.js'
import { addPkgtorrentRoutes } from './pkgtorrent.js'
import { progressAnswer } from '../pages/progress-page.js'
import { checkHosts, pageLinks, publicAddress, readQuery } from '../tree/address.js'
import { hasListings, siteFrame, TORRENTS, TRACKER_LIST } from '../pages/site-header.js'
import { addSearchRoute } from '../pages/search-page.js'
import { addStatusRoutes } from '../pages/status-page.js'
import { CORS, PREFLIGHT } from '../../server/headers/cors.js'
import { RESERVED, SERVICE_NAME } from '../tree/mirror.js'
import { Views } from '../views/views.js'
import { addAnswers, lineAnswer, redirect, sendAnswer } from '../../server/headers/answer.js'
import {
  errorAnswer,
  errorFor,
  methodAnswer,
  notFound,
  NotReady,
} from '../../server/headers/refusal.js'
import { splitTarget } from '../../server/headers/target.js'
import type { Planner } from '../../server/admission/planner.js'
import { Requester, type Requesters } from '../../server/admission/requester.js'
import { QR_PATH, qrAnswer } from '../../page-parts/qr-code.js'
import { errorPage } from '../../page-parts/error-page.js'
import { lastName, namesNear } from '../pages/near-names.js'
import { trace } from '../../base/text/trace.js'
import { html } from '../../base/text/html.js'

/** Adds all routes of the mirror and what their answers have in common. */
export function mirrorRoutes(app: FastifyInstance, mirror: OpenMirror): void {
  const { options, makers, answers, pages, onError, onRoute } = mirror
  // Only forms are accepted
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    // The route reads the body if it needs it
    (_request, payload, done) => {
      done(null, payload)
    },
  )
  app.setErrorHandler(async (error, request, reply) => {
    await sendRefusal(request, reply, error, options)
    if (reply.statusCode === 500) onError(error)
    return reply
  })
  app.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url
    onRoute(request.raw, route ?? 'none')
    checkHosts(request.raw, options.publicUrl !== null)
    checkReserved(request, route)
    // Not for the status and metrics, which may be an intranet's own
    if (options.cors && !isReserved(request)) reply.headers(CORS)
    done()
  })
  if (options.cors) {
    app.options('/*', (request, reply) => {
      if (isReserved(request)) throw notFound('this address')
      return reply.code(204).headers(PREFLIGHT).send()
    })
  }
  addStatusRoutes(app, pages.status, mirror.isRootThere)
  addOwnDirectory(app)
  addTorrentsRoute(app, options)
  const { requesters, downloads, sets, sender } = answers
  addQrRoute(app, makers.admission.listingPlanner, requesters)
  if (pages.findFiles) addSearchRoute(app, options, pages.findFiles, requesters)
  if (pages.feed) addFeedRoute(app, pages.feed)
  addPkgtorrentRoutes(app, options, sets, sender, requesters)
  const views = new Views({ options, ...makers, ...answers })
  addFileRoutes(app, views, pages.directoryPages, downloads, onRoute)
}

/** Whether a request is for one of the service's own addresses, as they are usually written. */
function isReserved({ raw }: FastifyRequest): boolean {
  return raw.url?.startsWith(`/${RESERVED}/`) === true
}

/**
 * Adds the directory of the service's own addresses, which has no files: lftp takes a link to one
 * of them for a directory of the mirror, and fails if that is not there.
 */
function addOwnDirectory(app: FastifyInstance): void {
  for (const path of [`/${RESERVED}`, `/${RESERVED}/`]) {
    addAnswers(app, path, ({ raw }) => {
      if (readQuery(raw.url ?? '').view !== null) throw notFound('this address')
      return lineAnswer(200, 'the addresses of the service: no files of the mirror')
    })
  }
}

/** A QR code takes as long as a comparison with so many names. */
const QR_EFFORT = 10_000

/** Adds the QR codes of magnet links, which are made in turns of clients. */
function addQrRoute(app: FastifyInstance, planner: Planner, requesters: Requesters): void {
  addAnswers(app, `/${RESERVED}/${QR_PATH}`, ({ raw: { url = '' } }, reply) => {
    const { client, signal, memory } = new Requester(reply, requesters)
    const work = { client, signal, memory, size: QR_EFFORT }
    return planner.run(work, () => Promise.resolve(qrAnswer(url)))
  })
}

/** Adds the way to the page of a tracker that is at the host of the request. */
function addTorrentsRoute(app: FastifyInstance, options: ServiceOptions): void {
  const announceAt = options.ownTracker?.announceAt
  if (!announceAt) return
  addAnswers(app, TORRENTS, ({ raw }) => {
    const [, query] = splitTarget(raw.url ?? '')
    const page = /^info_hash=[0-9a-f]{40}$/.test(query) ? `torrent?${query}` : TRACKER_LIST
    const { href } = new URL(`./${page}`, announceAt(publicAddress(raw, options)))
    return redirect(href, `the tracker is at ${href}`)
  })
}

/** Answers requests that no route has. */
export function answerUnknown(app: FastifyInstance, options: ServiceOptions): void {
  app.setNotFoundHandler(async (request, reply) => {
    const { method, url } = request
    const isRead = method === 'GET' || method === 'HEAD'
    if (!isRead) return sendAnswer(reply, methodAnswer(method, allowedMethods(url)))
    return sendRefusal(request, reply, notFound('this address'), options)
  })
}

/** Sends an error in the form that a client wants; a page has links back. */
export async function sendRefusal(
  { raw, ip }: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  options: ServiceOptions,
): Promise<FastifyReply> {
  const { url = '' } = raw
  const progress = progressAnswer(raw, error, options)
  if (progress) return sendAnswer(reply, progress)
  trace(() => {
    const { status, body } = errorAnswer(error)
    return `${ip} gets ${status} for ${splitTarget(url)[0]}: ${String(body).trimEnd()}`
  })
  const answer = await errorFor(raw, error, async (line) => {
    const isLate = error instanceof NotReady
    const links = isLate
      ? [AGAIN]
      : hasListings(options)
        ? await namesNear(url, options.mirror)
        : []
    const searched = line.status === 404 ? lastName(url) : ''
    const { root } = pageLinks(url)
    return errorPage(line, { ...siteFrame(options, { root, current: { searched } }), links })
  })
  return sendAnswer(reply, answer)
}

/**
 * Makes sure that a reserved address is asked for by its exact name. So a proxy that blocks it need
 * not know other spellings.
 * @throws Refusal
 */
function checkReserved({ url }: FastifyRequest, route = ''): void {
  if (!route.startsWith(`/${RESERVED}/`)) return
  const [path] = splitTarget(url)
  const isNamed = route.endsWith('*') ? path.startsWith(route.slice(0, -1)) : path === route
  if (!isNamed) throw notFound('this address')
}

/** The methods of an address; sets of files may be posted. */
function allowedMethods(url: string): string {
  return url.split('/').slice(2, 4).join('/') === `${SERVICE_NAME}/digest`
    ? 'GET, HEAD, POST'
    : 'GET, HEAD'
}

const AGAIN = html`<a href="">Try again</a>`
