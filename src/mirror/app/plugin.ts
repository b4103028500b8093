import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BtkitError } from '../../errors.js'
import { notFound } from '../../server/answers/refusal.js'
import { unmappedAddress } from '../../server/connections/client-address.js'
import type { ServerContext } from '../../server/context.js'
import { RequestFigures } from '../../server/metrics/request-figures.js'
import type { ServiceOptions } from '../options.js'
import { openTrackers, type TrackersWanted } from '../torrents/trackers.js'
import { assembleMirror } from './assemble-mirror.js'
import { openResources, type Resources, startMirrorTasks } from './resources.js'
import { answerUnknown, mirrorRoutes } from './routes.js'

/** All settings of a mirror in another program's application. */
export interface MirrorSettings extends Resources {
  readonly options: Omit<ServiceOptions, 'prefix' | 'clientAddresses'>
  readonly trackers: TrackersWanted
  /** Milliseconds after which unused records are removed from the cache. */
  readonly unusedFor: number
  /** Most bytes of the cache; null for no limit. */
  readonly cacheMaxSize: number | null
}

/** Milliseconds that requests may wait for hashing when the application closes. */
const STOP_TIMEOUT = 6_000

/**
 * Adds a mirror to an application: its routes below the prefix of `app`, and hooks that start and
 * end its work with the application.
 * @throws NoTrackers
 */
export async function addMirror(
  app: FastifyInstance,
  settings: MirrorSettings,
  world: ServerContext,
): Promise<void> {
  const prefix = plainPrefix(app.prefix)
  const trackers = await openTrackers(settings.trackers, world.warn)
  const resources = await openResources(settings, world)
  const seen = new SeenRequests()
  const mirror = assembleMirror({
    ...world,
    ...resources,
    options: { ...settings.options, prefix, clientAddresses: seen },
    trackers,
    requests: seen.figures,
    connections: () => null,
    droppedLines: () => 0,
    onRoute: seen.setRoute,
  })
  const start = () => {
    const cacheDirectory = settings.cacheDirectory ?? ''
    const { cacheAccess } = resources.hashContext
    const parts = { ...settings, ...world, ...mirror, ...resources, cacheAccess }
    mirror.warmer?.start()
    return startMirrorTasks({ ...parts, trackers, cacheDirectory })
  }
  const stop = async () => {
    await mirror.warmer?.stop()
    await resources.close()
  }
  followApp(app, { start, interrupt: resources.interrupt, stop })
  app.addHook('onRequest', (request, reply, done) => {
    seen.add(request)
    mirror.followRoot()
    const place = removePrefix(prefix, request.raw)
    if (place === 'elsewhere') throw notFound('this address')
    if (place === 'bare') redirectInto(prefix, request.raw, reply)
    else done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    seen.note(request, reply)
    done()
  })
  if (prefix !== '') answerUnknown(app, mirror.routes)
  mirrorRoutes(app, mirror.routes, () => undefined)
}

interface Work {
  /** Starts the work beside requests; returns a function that ends it. */
  readonly start: () => () => Promise<void>
  /** Ends all hashing, so that requests that wait for it are answered. */
  readonly interrupt: () => void
  readonly stop: () => Promise<void>
}

/** Starts and ends work with an application. */
function followApp(app: FastifyInstance, { start, interrupt, stop }: Work): void {
  let end = () => Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', (done) => {
    end = start()
    done()
  })
  app.addHook('preClose', (done) => {
    timer = setTimeout(interrupt, STOP_TIMEOUT)
    done()
  })
  app.addHook('onClose', async () => {
    clearTimeout(timer)
    await end()
    await stop()
  })
}

/**
 * The clients of an application's requests, as its option `trustProxy` finds them,
 * their routes and figures.
 */
class SeenRequests {
  readonly figures = new RequestFigures()
  readonly #routes = new WeakMap<object, string>()
  readonly #addresses = new WeakMap<object, string>()

  /** Keeps the address of a request's client. */
  add({ raw, ip }: FastifyRequest): void {
    // On a Unix socket there is none; a proxy may send any text
    if (isIP(ip) !== 0) this.#addresses.set(raw, unmappedAddress(ip))
  }

  /** The address of a request's client; null if it has none. */
  of(request: object): string | null {
    return this.#addresses.get(request) ?? null
  }

  readonly setRoute = (request: object, route: string): void => {
    this.#routes.set(request, route)
  }

  /** Adds an answered request to the figures. */
  note({ raw: request }: FastifyRequest, reply: FastifyReply): void {
    this.figures.note({
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
export function plainPrefix(prefix: string): string {
  if (!/[:*?#]/.test(prefix)) return prefix.replace(/\/+$/, '')
  throw new BtkitError('usage', `prefix ${prefix}: has parameters; use a plain path`)
}

/** Scheme and host of a request's target, and the rest. */
const TARGET = /^(https?:\/\/[^/?#]*)?(.*)$/is

/** Where an address is: below a prefix, the prefix itself without a slash, or elsewhere. */
export type Place = 'below' | 'bare' | 'elsewhere'

/**
 * Removes the prefix from a request's URL, so that a plugin sees its own addresses; `originalUrl`
 * keeps the whole one. The result is `elsewhere` if the prefix is spelled in another way, such as
 * with escapes.
 */
export function removePrefix(
  prefix: string,
  raw: IncomingMessage & { originalUrl?: string },
): Place {
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
export function redirectInto(prefix: string, raw: IncomingMessage, reply: FastifyReply): void {
  const name = prefix.slice(prefix.lastIndexOf('/') + 1)
  reply.redirect(`./${name}/${raw.url?.slice(1) ?? ''}`)
}
