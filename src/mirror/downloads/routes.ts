import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { addReadRoute, type ReadHandler } from '../../server/answers/accept.js'
import { IsDirectory, notFound, Refusal } from '../../server/answers/refusal.js'
import { clientKey } from '../../server/connections/client-address.js'
import { CountedResponse } from '../../server/connections/counted-response.js'
import { JobQueue } from '../admission/job-queue.js'
import type { DirectoryPages } from '../listing/directory-pages.js'
import type { ServiceOptions } from '../options.js'
import { askedView, namedView, viewAddress, type ViewName } from '../requests/asked-view.js'
import { requestPath } from '../requests/request-path.js'
import { parseMirrorPath, parseMirrorPlace } from '../tree/mirror-path.js'
import { MirrorView } from '../tree/mirror.js'
import type { FileDigests } from '../views/file-digests.js'
import { takenViews } from '../views/forms.js'
import type { Views, WantedView } from '../views/views.js'
import { openDownload, sendDownload } from './download.js'

/** A client refuses the digest by a preference of 0 (RFC 9530, section 4). */
const DIGEST_UNWANTED = /(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|$)/

/** The views that describe a file, with their media types (RFC 8288, RFC 6249). */
const DESCRIPTIONS: readonly (readonly [view: ViewName, type: string])[] = [
  ['torrent', 'application/x-bittorrent'],
  ['meta4', 'application/metalink4+xml'],
]

/** Look-ups and reads are many and short, so they only wait for each other, in turns of clients. */
const UNLIMITED = { maxWaiting: Infinity, maxPerClient: Infinity, small: 0 }

/** Matches every address without another route. In the metrics, each view has its own route. */
const ROUTE = '/*'

export interface FileRoutesParts {
  readonly options: Pick<
    ServiceOptions,
    'mirror' | 'limits' | 'files' | 'prefix' | 'clientAddresses'
  >
  readonly views: Views
  /** Null if the mirror has no pages of directories. */
  readonly directoryPages: DirectoryPages | null
  readonly digests: Pick<FileDigests, 'known'>
  /** Receives the route of each request. */
  readonly onRoute: (request: IncomingMessage, route: string) => void
}

/**
 * Adds the mirror's files at their addresses, so that they can be web seeds. Adds the views of
 * files, except where a file has that name itself, and the pages of directories.
 */
export function addFileRoutes(
  app: FastifyInstance,
  { options, views, digests, directoryPages, onRoute }: FileRoutesParts,
): void {
  const { mirror, limits } = options
  // In one queue, requests for missing files would delay the reading of others
  const looks = new JobQueue({ ...UNLIMITED, limit: limits.maxReads })
  const reads = new JobQueue({ ...UNLIMITED, limit: limits.maxReads })
  const sendView = (request: FastifyRequest, reply: FastifyReply, wanted: WantedView) => {
    onRoute(request.raw, `${ROUTE}.${wanted.view}`)
    return views.send(request, reply, wanted)
  }
  const send: ReadHandler<RouteGenericInterface> = async (request, reply) => {
    const { url = '' } = request.raw
    const path = requestPath(url)
    const view = askedView(url)
    if (view !== null) {
      return sendView(request, reply, { view, components: parseMirrorPlace(path) })
    }
    if (directoryPages && path.endsWith('/')) {
      onRoute(request.raw, `${ROUTE}/`)
      return directoryPages.send(request, reply, parseMirrorPlace(path))
    }
    const components = parseMirrorPath(path)
    const look = new MirrorView(mirror)
    const address = options.clientAddresses.of(request.raw)
    const short = { size: 0, client: address === null ? null : clientKey(address) }
    const found = await orAbsence(looks.run(short, () => look.file(components)))
    if (found instanceof IsDirectory) {
      if (directoryPages) return directoryPages.redirect(request, reply, components)
      throw found
    }
    const named = viewNamed(components)
    if (found instanceof Refusal && named) return sendView(request, reply, named)
    if (found instanceof Refusal) throw found
    if (!options.files) throw notFound('this address')
    // An empty file has no torrent
    const links = found.fingerprint.size > 0 && {
      Link: await looks.run(short, () => linksOf(components, look)),
    }
    const { file, ranged } = await reads.run(short, () => openDownload(found, mirror))
    const digest = digests.known({ ...found, fingerprint: file.fingerprint })
    const headers = { ...ranged.headers, ...links, ...reprDigest(request.headers, digest) }
    const ownReads = {
      run: <T>(read: () => Promise<T>) => reads.run(short, read),
      isTight: () => reply.raw instanceof CountedResponse && reply.raw.isTight,
    }
    return sendDownload(request, reply, { file, ranged: { ...ranged, headers }, reads: ownReads })
  }
  addReadRoute(app, ROUTE, send)
  // `/*` does not match the prefix without a slash at its end
  if (options.prefix !== '') addReadRoute(app, '', send)
}

/** The view that a path may name. */
function viewNamed(components: readonly string[]): WantedView | null {
  const named = namedView(components.at(-1) ?? '')
  return named && { view: named.view, components: [...components.slice(0, -1), named.of] }
}

/** The file, or the refusal that says it does not exist. */
async function orAbsence(look: Promise<ScannedFile>): Promise<ScannedFile | Refusal> {
  try {
    return await look
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not-found') return error
    throw error
  }
}

/**
 * The Link header of an existing file, which names the views that describe it. The addresses are
 * relative, so that they are right behind proxies, too.
 * @throws Refusal
 */
async function linksOf(components: readonly string[], view: MirrorView): Promise<string> {
  const views = DESCRIPTIONS.map(([each]) => each)
  const taken = await takenViews(view, components, views)
  const name = encodeURIComponent(components.at(-1) ?? '')
  const links = DESCRIPTIONS.map(([each, type]) => {
    return `<${viewAddress(name, each, taken.includes(each))}>; rel="describedby"; type="${type}"`
  })
  return links.join(', ')
}

/**
 * The header with the digest of a whole file, if it is known and not refused (RFC 9530, section 3).
 */
function reprDigest(
  { 'want-repr-digest': wanted }: IncomingHttpHeaders,
  digest: Uint8Array | null,
): Readonly<Record<string, string>> {
  if (digest === null || DIGEST_UNWANTED.test([wanted ?? []].flat().join(','))) return {}
  return { 'Repr-Digest': `sha-256=:${Buffer.from(digest).toString('base64')}:` }
}
