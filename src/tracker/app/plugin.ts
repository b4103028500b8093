import type { FastifyInstance, RouteHandlerMethod } from 'fastify'
import { AppClients, plainPrefix, redirectInto, removePrefix } from '../../server/plugin.js'
import { addReadRoute } from '../../server/answers/read-route.js'
import type { ServerContext } from '../../server/context.js'
import { TRACKER_PATHS } from '../http/tracker-routes.js'
import { lockState } from '../state/lock-state.js'
import { prepareTracker, type PreparedTracker } from './prepare.js'
import { beginWork } from './run-tracker.js'
import type { AnsweringSettings } from './settings.js'

/** All settings of a tracker in another program's application. */
export interface PluginSettings extends Omit<
  AnsweringSettings,
  'prefix' | 'clientAddresses' | 'logFormat' | 'logFile'
> {
  /** Whether `/-/metrics` is answered. */
  readonly metrics: boolean
}

/** The paths of pages and below them. */
const PAGE_PATHS = [
  ...['/', '/index.html', '/index.json', '/torrent', '/torrent.json', '/activity', '/file'],
  ...['/catalogue', '/catalogue/*', '/archive', '/archive/*'],
]
const HEALTH_PATHS = ['/-/health', '/-/ready']

/**
 * Adds a tracker to an application: its routes below the prefix of `app`, and hooks that start and
 * end its work with the application.
 * @throws BtkitError `locked` if another tracker uses the state; others if something cannot be read
 */
export async function addTracker(
  app: FastifyInstance,
  settings: PluginSettings,
  world: ServerContext,
): Promise<void> {
  const prefix = plainPrefix(app.prefix)
  const clients = new AppClients()
  const { stateFile } = settings
  const lock = stateFile === null ? null : await lockState(stateFile, world.warn)
  const own = { prefix, clientAddresses: clients, logFormat: 'off', logFile: null } as const
  const prepared = await prepareTracker(
    { ...settings, ...own },
    { ...world, writeLog: () => undefined },
  ).catch((error: unknown) => {
    lock?.release()
    throw error
  })
  followApp(app, prepared, () => lock?.release())
  app.addHook('onRequest', (request, reply, done) => {
    clients.add(request)
    const place = removePrefix(prefix, request.raw)
    if (place === 'elsewhere') reply.callNotFound()
    else if (place === 'bare') redirectInto(prefix, request.raw, reply)
    else done()
  })
  const answer = answerBy(prepared)
  const paths = [
    ...TRACKER_PATHS,
    ...HEALTH_PATHS,
    ...(settings.page.showInfoPage ? PAGE_PATHS : []),
    ...(settings.metrics ? ['/-/metrics'] : []),
  ]
  for (const path of paths) addReadRoute(app, path, answer)
}

/** Starts and ends the work of a tracker with an application. */
function followApp(app: FastifyInstance, prepared: PreparedTracker, release: () => void): void {
  let end = () => prepared.close()
  app.addHook('onReady', async () => {
    const endWork = await beginWork(prepared)
    // The application has answered all requests by then
    end = () => endWork(() => Promise.resolve())
  })
  app.addHook('onClose', () => end().finally(release))
}

/**
 * Answers requests in the way of the tracker's own servers: past fastify's reply, because announces
 * are many and their answers are short.
 */
function answerBy({ tracker, onError }: PreparedTracker): RouteHandlerMethod {
  return ({ raw }, reply) => {
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    reply.hijack()
    try {
      tracker.answer(raw, reply.raw)
    } catch (error) {
      onError(error)
      reply.raw.destroy()
    }
  }
}
