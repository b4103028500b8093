import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { BtkitError } from '../../errors.js'
import type { ToolPath } from '../window.js'
import type { Workshop } from '../tools/tool.js'
import type { ThreadSetup } from '../../work/work-program.js'
import { WorkThread } from '../../work/work-thread.js'
import { Entrance } from './entrance.js'
import { acceptForms, showErrors } from '../../pages/http.js'
import { Jobs } from '../../pages/jobs.js'
import { Presence } from './presence.js'
import { guiRoutes } from './routes.js'
import { Strangers } from './strangers.js'

/** The options of a window. */
export interface GuiOptions extends Omit<Workshop, 'jobs' | 'work' | 'patience'>, ThreadSetup {
  /** The tool that is shown first; null for the list of tools. */
  readonly first: ToolPath | null
  /** A directory that is private to the user; by default one is made. */
  readonly runtimeDirectory: string | undefined
  /** See Workshop; by default less than a person notices. */
  readonly patience?: number
  /** Milliseconds without a page after which the window counts as closed. */
  readonly goneAfter?: number
  /** A clock in milliseconds that never jumps. */
  readonly monotonic: () => number
  /** Receives internal errors. */
  readonly onError: (error: unknown) => void
  /** Receives warnings. */
  readonly warn: (message: string) => void
}

/** A window for one person: pages in the browser. */
export interface Gui {
  /** A URL that leads to the pages once. */
  readonly address: string
  /** The file that leads there, which only the user can read. */
  readonly file: string
  /** Resolves when the last page is closed, or when a page asks to end. */
  readonly ended: Promise<void>
  /** Cancels what is under way, and stops. */
  readonly close: () => Promise<void>
}

/** Milliseconds for a request to arrive. */
const REQUEST_TIMEOUT = 30_000

/** Others on this machine may connect, but not use up the descriptors. */
const MAX_CONNECTIONS = 128

/** Largest form, in bytes. */
const MAX_FORM = 1024 * 1024

/** Milliseconds that a form waits for its work, so that most mistakes are shown above it. */
const PATIENCE = 400

/** Milliseconds in which cancelled work must end. It is broken off then. */
const LAST_WORK = 3000

/** The answer to an address that led to the pages already. */
const USED =
  'this address works once; open the file that the command printed, or start btkit gui again'

/** Opens a window on a free port of 127.0.0.1. */
export async function openGui(options: GuiOptions): Promise<Gui> {
  const { promise: ended, resolve: quit } = withResolvers()
  const entrance = new Entrance(options.runtimeDirectory)
  const jobs = new Jobs(options.monotonic, () => {
    presence.look()
  })
  const presence = new Presence(() => jobs.isBusy, quit, options.goneAfter)
  const app = fastify({
    bodyLimit: MAX_FORM,
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT,
  })
  app.server.maxConnections = MAX_CONNECTIONS
  const strangers = new Strangers()
  strangers.follow(app.server)
  guard(app)
  showErrors(app, options.onError)
  app.setNotFoundHandler(() => {
    throw new BtkitError('not-found', 'not found')
  })
  acceptForms(app)
  app.get('/open/:key', (request, reply) => {
    const { key } = request.params as { readonly key: string }
    if (!entrance.admit(key)) throw new BtkitError('not-found', USED)
    return reply.redirect(`${entrance.prefix}/${options.first ?? ''}`, 303)
  })
  const { cacheDirectory, cacheTrust, warn } = options
  const work = new WorkThread({ cacheDirectory, cacheTrust }, warn)
  const shop = { patience: PATIENCE, ...options, jobs, work }
  await app.register(
    (scope, parts, done) => {
      scope.addHook('onRequest', ({ raw }, _, goOn) => {
        strangers.recognize(raw.socket)
        goOn()
      })
      guiRoutes(scope, parts)
      done()
    },
    { prefix: entrance.prefix, shop, presence, quit },
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  entrance.begin(`http://127.0.0.1:${portOf(app)}`)
  const close = async () => {
    jobs.cancelAll()
    presence.close()
    await app.close()
    await Promise.race([jobs.settled(), setTimeout(LAST_WORK, null, { ref: false })])
    await work.close()
    await jobs.settled()
    entrance.end()
  }
  return { address: entrance.address, file: entrance.file, ended, close }
}

/** Refuses what does not come from pages of this server. */
function guard(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _, done) => {
    const refusal = refusalOf(request, portOf(app))
    if (refusal !== null) throw new BtkitError('not-permitted', refusal)
    done()
  })
}

/**
 * Returns why a request is refused; null if it is allowed. The Host must be this machine's own, so
 * that no other name can lead here (DNS rebinding). Changes must come from pages of this server.
 */
function refusalOf({ method, headers }: FastifyRequest, port: number): string | null {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`]
  const { host = '', origin, 'sec-fetch-site': site } = headers
  if (!own.includes(host)) return 'this address is for the browser of this machine only'
  if (method === 'GET' || method === 'HEAD') return null
  const isForeign = site !== undefined && site !== 'same-origin'
  // Without a referrer, browsers send the Origin of forms as `null`
  const isOther = origin !== undefined && origin !== 'null' && origin !== `http://${host}`
  return isForeign || isOther ? 'the request came from another site' : null
}

function portOf(app: FastifyInstance): number {
  return (app.server.address() as AddressInfo).port
}

function withResolvers() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
