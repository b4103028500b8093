import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { AppClients, plainPrefix, redirectInto, removePrefix } from '../../server/plugin.js'
import { RequestFigures } from '../../server/metrics/request-figures.js'
import type { ServiceOptions } from '../options.js'
import { openTrackers, type TrackersWanted } from '../torrents/trackers.js'
import { assembleMirror } from './assemble-mirror.js'
import { startMirrorTasks } from './mirror-tasks.js'
import { openResources, type Resources } from './resources.js'
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

/** The clients, routes and figures of requests. */
class SeenRequests extends AppClients {
  readonly figures = new RequestFigures()
  readonly #routes = new WeakMap<object, string>()

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
