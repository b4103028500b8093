import type { FastifyInstance, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { type DirectoryPages, PAGES } from '../pages/directory-pages.js'
import { linkedView, namedView, readQuery, requestPath, VIEW_ROUTE } from '../tree/address.js'
import type { Look } from '../tree/below-root.js'
import {
  fileOf,
  formatMirrorPath,
  isWellKnown,
  parseMirrorPlace,
  RESERVED,
} from '../tree/mirror.js'
import type { Views, WantedView } from '../views/views.js'
import { addReadRoute, type ReadHandler } from '../../server/headers/accept.js'
import { robotsAnswer, sendAnswer } from '../../server/headers/answer.js'
import { IsDirectory, notFound, Refusal } from '../../server/headers/refusal.js'
import type { Downloads } from '../files/downloads.js'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import { paddingAt, sendZeros } from '../files/zeros.js'

/** Matches every address without another route. In the metrics, each view has its own route. */
export const ROUTE = '/*'

/**
 * Adds the mirror's files at their addresses, so that they can be web seeds. Adds the views of
 * files, except where a file has that name itself, and the pages of directories if the mirror has
 * some. `onRoute` receives the route of each request.
 */
export function addFileRoutes(
  app: FastifyInstance,
  views: Views,
  directoryPages: DirectoryPages | null,
  downloads: Downloads,
  onRoute: (request: IncomingMessage, route: string) => void,
): void {
  const { options } = views.mirror
  const sendView = (request: FastifyRequest, reply: FastifyReply, wanted: WantedView) => {
    onRoute(request.raw, `${ROUTE}.${wanted.view}`)
    return views.send(request, reply, wanted)
  }
  const send: ReadHandler<RouteGenericInterface> = async (request, reply) => {
    const { url = '' } = request.raw
    const path = requestPath(url)
    const components = parseMirrorPlace(path)
    const query = readQuery(url)
    const { view } = query
    if (view !== null) return sendView(request, reply, { view, components, look: null, query })
    if (path.endsWith('/')) {
      if (!directoryPages) throw notFound(formatMirrorPath([...components, '']))
      onRoute(request.raw, PAGES)
      return directoryPages.send(request, reply, components)
    }
    const response = reply.raw as CountedResponse
    // An answer that has begun is no matter of the router any more
    if (options.files && (await downloads.answerKnown(response))) return reply.hijack()
    const hasViews = !isWellKnown(components)
    const named = hasViews ? await lookForView(downloads, request.raw, components) : null
    // Usually no file has the name of a view, and one look shows it
    if (named?.isSure) return sendView(request, reply, { ...named, query })
    const found = await orAbsence(lookAtFile(downloads, request.raw, components))
    if (found instanceof IsDirectory) {
      if (directoryPages) return sendAnswer(reply, directoryPages.redirect(url, components))
      throw found
    }
    if (found instanceof Refusal && named) return sendView(request, reply, { ...named, query })
    const padding = options.files ? paddingAt(components) : null
    if (found instanceof Refusal && padding !== null) return sendZeros(request, reply, padding)
    if (found instanceof Refusal && components.join('/') === 'robots.txt') {
      // Unless the mirror has its own: views would make crawlers read all files again
      return sendAnswer(reply, robotsAnswer(`/${RESERVED}/`))
    }
    if (found instanceof Refusal) throw found
    if (!options.files) throw filesElsewhere()
    await downloads.answer(response, components, found)
    return reply.hijack()
  }
  addReadRoute(app, ROUTE, send)
  addReadRoute(app, VIEW_ROUTE, async (request, reply) => {
    const { url = '' } = request.raw
    const { view, path } = linkedView(url)
    const components = parseMirrorPlace(path)
    if (view !== 'details')
      return sendView(request, reply, { view, components, look: null, query: readQuery(url) })
    onRoute(request.raw, `${ROUTE}.details`)
    if (!options.files) throw filesElsewhere()
    if (isWellKnown(components)) throw notFound(path)
    const look = await lookAtFile(downloads, request.raw, components)
    return views.sendPage(request, reply, fileOf(components, look))
  })
}

function filesElsewhere(): Refusal {
  return new Refusal('not-found', 'files are not served here, only torrents')
}

/** Looks for the file or directory whose view a path may name; null if it names none. */
async function lookForView(
  downloads: Downloads,
  request: IncomingMessage,
  components: readonly string[],
) {
  const name = components.at(-1) ?? ''
  const named = namedView(name)
  if (!named) return null
  const of = [...components.slice(0, -1), named.of]
  const look = await orAbsence(downloads.look(request, of, [name]))
  const isSure = !(look instanceof Refusal) && look.taken.length === 0
  return { view: named.view, components: of, look, isSure }
}

async function lookAtFile(
  downloads: Downloads,
  request: IncomingMessage,
  components: readonly string[],
): Promise<Look> {
  const look = await downloads.look(request, components)
  fileOf(components, look)
  return look
}

/** The result of a look, or the refusal that says there is nothing. */
async function orAbsence(looking: Promise<Look>): Promise<Look | Refusal> {
  try {
    return await looking
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not-found') return error
    throw error
  }
}
