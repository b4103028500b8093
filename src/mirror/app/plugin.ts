import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BtkitError } from '../../base/errors.js'
import { manyUnread, notFound } from '../../server/headers/refusal.js'
import { clientKey, unmappedAddress } from '../../server/connections/client-address.js'
import { countUnread } from '../../server/connections/counted-response.js'
import { whenFirst } from '../../server/connections/pipeline-queue.js'
import { UnreadBytes } from '../../server/connections/unread-bytes.js'
import type { ServerContext } from '../../server/context.js'
import { RequestFigures } from '../../server/exchange/request-figures.js'
import type { MirrorServer, ServiceOptions } from '../options.js'
import { type MirrorSettings, openMirror, type OpenMirror } from './open-mirror.js'
import { answerUnknown, mirrorRoutes } from './routes.js'

/** The settings of a mirror in another program's application. */
export type PluginSettings = MirrorSettings<Omit<ServiceOptions, 'prefix' | 'clientAddresses'>>

/** Milliseconds that requests may wait for hashing when the application closes. */
const STOP_TIMEOUT = 6_000

/**
 * Adds a mirror to an application: its routes below the prefix of `app`, and hooks that start and
 * end its work with the application.
 * @throws NoTrackers
 */
export async function addMirror(
  app: FastifyInstance,
  settings: PluginSettings,
  world: ServerContext,
): Promise<void> {
  const prefix = plainPrefix(app.prefix)
  const seen = new SeenRequests()
  const options = { ...settings.options, prefix, clientAddresses: seen }
  const mirror = await openMirror({ ...settings, options }, world, seen)
  followApp(app, mirror)
  const unread = new UnreadBytes(seen.connectionKey)
  app.addHook('onRequest', (_request, reply, done) => {
    whenFirst(reply.raw, done)
  })
  app.addHook('onRequest', (request, reply, done) => {
    seen.add(request)
    if (unread.isFull(request.raw.socket)) throw manyUnread()
    countUnread(reply.raw, unread)
    const place = removePrefix(prefix, request.raw)
    if (place === 'elsewhere') throw notFound('this address')
    if (place === 'bare') redirectInto(prefix, request.raw, reply)
    else done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    seen.note(request, reply)
    done()
  })
  if (prefix !== '') answerUnknown(app, options)
  mirrorRoutes(app, mirror)
}

/** Starts and ends the work of a mirror with an application. */
function followApp(app: FastifyInstance, mirror: OpenMirror): void {
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', (done) => {
    mirror.start()
    done()
  })
  app.addHook('preClose', (done) => {
    timer = setTimeout(mirror.interrupt, STOP_TIMEOUT)
    done()
  })
  app.addHook('onClose', async () => {
    clearTimeout(timer)
    await mirror.stop()
    await mirror.close()
  })
}

/**
 * The clients of an application's requests, as its option `trustProxy` finds them,
 * their routes and figures.
 */
class SeenRequests implements MirrorServer {
  readonly requests = new RequestFigures()
  readonly #routes = new WeakMap<object, string>()
  /** The clients of requests and connections. */
  readonly #keys = new WeakMap<object, string>()

  /** Keeps the key of a request's client. */
  add({ raw, ip }: FastifyRequest): void {
    // On a Unix socket there is none; a proxy may send any text
    if (isIP(ip) === 0) return
    const key = clientKey(unmappedAddress(ip))
    this.#keys.set(raw, key)
    // Else the connection is a proxy's, which many clients share
    if (ip === raw.socket.remoteAddress) this.#keys.set(raw.socket, key)
    else this.#keys.delete(raw.socket)
  }

  /** The key of a connection's client; null if it may be a proxy's. */
  readonly connectionKey = (socket: Socket): string | null => this.#keys.get(socket) ?? null

  /** The key of a request's client; null if it has no address. */
  keyOf(request: object): string | null {
    return this.#keys.get(request) ?? null
  }

  readonly connections = () => null
  readonly droppedLines = () => 0

  readonly onRoute = (request: object, route: string): void => {
    this.#routes.set(request, route)
  }

  /** Adds an answered request to the figures. */
  note({ raw: request }: FastifyRequest, reply: FastifyReply): void {
    this.requests.note({
      request,
      route: this.#routes.get(request) ?? 'none',
      status: reply.statusCode,
      bytes: Number(reply.getHeader('content-length') ?? 0),
      milliseconds: reply.elapsedTime,
      isComplete: reply.raw.writableFinished,
    })
  }
}

/**
 * Returns an application's prefix without a slash at its end; '' for none.
 * @throws BtkitError `usage` for a prefix with parameters, which no torrent could name
 */
function plainPrefix(prefix: string): string {
  if (!/[:*?#]/.test(prefix)) return prefix.replace(/\/+$/, '')
  throw new BtkitError('usage', `prefix ${prefix}: has parameters; use a plain path`)
}

/** Scheme and host of a request's target, and the rest. */
const TARGET = /^(https?:\/\/[^/?#]*)?(.*)$/is

/** Where an address is: below a prefix, the prefix itself without a slash, or elsewhere. */
type Place = 'below' | 'bare' | 'elsewhere'

/**
 * Removes the prefix from a request's URL, so that a plugin sees its own addresses; `originalUrl`
 * keeps the whole one. The result is `elsewhere` if the prefix is spelled in another way, such as
 * with escapes.
 */
function removePrefix(prefix: string, raw: IncomingMessage & { originalUrl?: string }): Place {
  if (prefix === '') return 'below'
  const { url = '' } = raw
  const [, origin = '', target = ''] = TARGET.exec(url) ?? []
  const rest = target.slice(prefix.length)
  const isBare = rest === '' || rest.startsWith('?')
  raw.originalUrl ??= url
  raw.url = isBare ? `/${rest}` : origin + rest
  if (target.startsWith(prefix) && isBare) return 'bare'
  if (target.startsWith(prefix) && rest.startsWith('/')) return 'below'
  raw.url = '/'
  return 'elsewhere'
}

/** Leads to the prefix with a slash at its end, so that relative links are right. */
function redirectInto(prefix: string, raw: IncomingMessage, reply: FastifyReply): void {
  const name = prefix.slice(prefix.lastIndexOf('/') + 1)
  reply.redirect(`./${name}/${raw.url?.slice(1) ?? ''}`)
}
