import { CONNECTIONS } from '../../server/connections/connection-limits.js'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { awaitSystem, BtkitError } from '../../base/errors.js'
import {
  addPages,
  answerRoute,
  createFormsApp,
  FAILED,
  type FormContext,
  type FormRoute,
  jobRoutes,
  leftSignal,
  menuOf,
  type OwnAddresses,
  refusalOf,
  wayBack,
} from '../forms/app.js'
import { addDropped } from '../forms/dropped.js'
import type { Answer } from '../../server/headers/answer.js'
import { formOf, framePage, type PageParts, queryOf } from '../forms/frame.js'
import { describeJob, type Job, Jobs, magnetOf } from '../forms/jobs.js'
import { WINDOW_SCRIPT, WINDOW_STYLE } from '../../browser/texts.js'
import { renderTable } from '../../page-parts/table.js'
import { html, type Html } from '../../base/text/html.js'
import { QR_PATH, qrAnswer } from '../../page-parts/qr-code.js'
import { sendAnswer } from '../../server/headers/answer.js'
import { formatDuration } from '../../base/text/quantity.js'
import type { Works } from '../forms/start-work.js'
import { WorkThread } from '../work/work-thread.js'
import { Entrance } from './entrance.js'
import { checkRoutes } from './check.js'
import { completeRoutes } from './complete.js'
import { editRoutes } from './edit.js'
import { lookRoutes } from './look.js'
import { makeRoutes } from './make.js'
import type { WindowParts } from './window.js'

/** The options of a window. */
export interface GuiOptions extends Omit<WindowParts, keyof Works | 'keptDirectory'> {
  /** The directory of the piece cache; null for none. */
  readonly cacheDirectory: string | null
  /** The port of 127.0.0.1; by default any free one. */
  readonly port?: number
  /** The path of the page that is shown first; null for the list of pages. */
  readonly first: string | null
  /** A directory that is private to the user; by default one is made. */
  readonly runtimeDirectory: string | undefined
  /** See Works; by default less than a person notices. */
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
interface Gui {
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

/** Milliseconds that a form waits for its work, so that most mistakes are shown above it. */
const PATIENCE = 400

/** Milliseconds for cancelled work to end by itself. After that, its thread is ended. */
const LAST_WORK = 3000

/** Milliseconds in which the last page gets its style. */
const LAST_PAGE = 500

/** The answer to an address that opens the pages once, and has been used. */
const USED =
  'this address works once; open the file that the command printed, or start btkit gui again'

/** Opens a window on a free port of 127.0.0.1. */
export async function openGui(options: GuiOptions): Promise<Gui> {
  const { promise: ended, resolve: quit } = withResolvers()
  const entrance = new Entrance(options.runtimeDirectory)
  const jobs = new Jobs(options.monotonic, options.onError, () => {
    presence.look()
  })
  const presence = new Presence(() => jobs.isBusy, quit, options.goneAfter)
  const app: FastifyInstance = createFormsApp({
    server: { forceCloseConnections: true, requestTimeout: REQUEST_TIMEOUT },
    refusalOf: (asked) => refusalOf(asked, ownAddresses(portOf(app))),
    onError: options.onError,
  })
  app.server.maxConnections = CONNECTIONS.gui.most
  app.setNotFoundHandler(() => {
    throw new BtkitError('not-found', 'not found')
  })
  app.get('/open/:key', (request, reply) => {
    const { key } = request.params as { readonly key: string }
    if (!entrance.admit(key)) throw new BtkitError('not-found', USED)
    return reply.redirect(`${entrance.prefix}/${options.first ?? ''}`, 303)
  })
  const work = new WorkThread(options.cacheDirectory, options.warn)
  const keptDirectory = dirname(entrance.file)
  const parts = { patience: PATIENCE, ...options, jobs, work, keptDirectory }
  await app.register(
    (scope, _, done) => {
      addWindow(scope, parts)
      scope.get(`/${QR_PATH}`, ({ url }, reply) => sendAnswer(reply, qrAnswer(url)))
      addDropped(scope, parts)
      scope.get('/alive', (request, reply) => {
        holdOpen(request, reply, presence)
      })
      scope.post('/quit', (_, reply) => {
        // The page still asks for its style
        setTimeout(quit, LAST_PAGE)
        return sendAnswer(reply, lastPage())
      })
      done()
    },
    { prefix: entrance.prefix },
  )
  const close = async () => {
    jobs.cancelAll()
    presence.close()
    await app.close()
    await Promise.race([jobs.settled(), sleep(LAST_WORK, null, { ref: false })])
    await work.close()
    await jobs.settled()
    entrance.end()
  }
  const { port = 0 } = options
  try {
    await awaitSystem(`127.0.0.1 port ${port}`, app.listen({ host: '127.0.0.1', port }))
    entrance.begin(`http://127.0.0.1:${portOf(app)}`)
  } catch (error) {
    await close()
    throw error
  }
  return { address: entrance.address, file: entrance.file, ended, close }
}

/** Only this machine's own names lead here. */
function ownAddresses(port: number): OwnAddresses {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  return {
    isHost: (host) => hosts.includes(host),
    // Without a referrer, browsers send the Origin of forms as `null`
    isOrigin: (origin, host) => origin === 'null' || origin === `http://${host}`,
    otherHost: () => 'this address is for the browser of this machine only',
    otherSite: 'the request came from another site',
  }
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

/**
 * Milliseconds without a page after which the window counts as closed: enough to come back from an
 * error page of the browser, which holds no connection.
 */
const GONE_AFTER = 30_000

/** Notices when the last page is closed. A page counts while its connection is open. */
export class Presence {
  #pages = 0
  #hadPage = false
  #isClosed = false
  #timer: NodeJS.Timeout | null = null

  /** `isBusy` says whether work is under way, which keeps the program running. */
  constructor(
    private readonly isBusy: () => boolean,
    private readonly onGone: () => void,
    private readonly goneAfter = GONE_AFTER,
  ) {}

  /** Counts a page. Returns a function for when it closes. */
  open(): () => void {
    this.#pages++
    this.#hadPage = true
    this.#stopWaiting()
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      this.#pages--
      this.look()
    }
  }

  /** Waits for a page if there is none. Without scripts there never is one, and nothing ends. */
  look(): void {
    if (this.#isClosed || !this.#hadPage || this.#pages > 0 || this.isBusy()) return
    this.#stopWaiting()
    this.#timer = setTimeout(() => {
      if (this.#pages === 0 && !this.isBusy()) this.onGone()
    }, this.goneAfter)
  }

  /** Stops waiting, also when the pages that are left close. */
  close(): void {
    this.#isClosed = true
    this.#stopWaiting()
  }

  #stopWaiting(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}

/** Adds all pages of the window. */
function addWindow(app: FastifyInstance, parts: WindowParts): void {
  const tools = [
    ...makeRoutes(parts),
    ...completeRoutes(parts),
    ...lookRoutes(parts),
    ...checkRoutes(parts),
    ...editRoutes(parts),
  ]
  const home: FormRoute['handle'] = ({ page }) => page(homePage(tools, parts.jobs.list()))
  const context = (request: FastifyRequest, reply: FastifyReply) =>
    contextOf(request, reply, tools, parts.jobs)
  addPages(app, {
    style: WINDOW_STYLE.text,
    script: WINDOW_SCRIPT.text,
    routes: [{ method: 'GET', path: '', handle: home }, ...tools, ...jobRoutes(parts.jobs)],
    answer: (route: FormRoute, request, reply) => answerRoute(route, context(request, reply)),
    missing: (request, reply) => {
      const error = new BtkitError('not-found', 'there is no such page; choose one in the menu')
      return context(request, reply).page({ title: FAILED, error, content: null, status: 404 })
    },
  })
}

/** A request as its route sees it; the menu marks its page, or the one that began its job. */
function contextOf(
  request: FastifyRequest,
  reply: FastifyReply,
  routes: readonly FormRoute[],
  jobs: Jobs,
): FormContext {
  const { url, server, params } = request
  const below = url.slice(server.prefix.length + 1)
  const given = params as Readonly<Record<string, string>>
  const [first, id = ''] = below.split(/[/?]/)
  const current = first === 'job' ? jobs.list().find((job) => job.id === id)?.about.tool : first
  return {
    page: (parts) => {
      const { root = wayBack(below) } = parts
      const end = html`<form method="post" action="${root}quit"><button>Quit</button></form>`
      // The first page is the menu
      const menu = current === '' ? [] : menuOf(routes, current)
      return framePage({ ...parts, root }, { name: 'btkit', label: 'Tools', menu, end })
    },
    query: queryOf(request),
    form: formOf(request),
    params: given,
    left: leftSignal(reply),
  }
}

function lastPage(): Answer {
  const content = html`<p>You can close this page.</p>`
  const masthead = { name: 'btkit', label: 'Tools', menu: [] }
  return framePage({ title: 'btkit has ended', content }, masthead)
}

const WORK_COLUMNS = [['Work', 'name'], ['State'], ['']] as const

/** The first page: what can be done, what is seeded, and what was done last. */
function homePage(tools: readonly FormRoute[], jobs: readonly Job[]): PageParts {
  const [make, ...others] = tools.filter(({ menu }) => menu !== undefined)
  const cards = others.map(({ path, menu = '', purpose = '' }) => {
    return html`<a class="card" href="${path}"><b>${menu}</b>${purpose}</a>`
  })
  const [seeding, rest] = [true, false].map((lasts) => {
    return jobs.filter(({ state, about }) => (state === 'running' && !!about.lasts) === lasts)
  })
  return {
    title: 'What do you want to do?',
    acts:
      make !== undefined && html`<a class="button main" href="${make.path}">Create a torrent</a>`,
    content: html`${workTable('Seeding now', seeding)} ${workTable('Done last', rest)}
      <div class="cards">${cards}</div>`,
  }
}

function workTable(title: string, jobs: readonly Job[] = []): Html | false {
  const rows = jobs.map((job) => {
    const { id, about, state, elapsed } = job
    const how =
      state === 'running' ? describeJob(job) : `${state}, took ${formatDuration(elapsed / 1000)}`
    return [html`<a href="job/${id}">${about.title}</a>`, how, magnetOf(job, '')]
  })
  if (rows.length === 0) return false
  return html`<h2>${title}</h2>
    ${renderTable({ label: title, columns: WORK_COLUMNS, rows })}`
}

/** Keeps the connection of a page open, as a stream of events without an event. */
function holdOpen(request: FastifyRequest, reply: FastifyReply, presence: Presence): void {
  reply.hijack()
  reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  reply.raw.write(': open\n\n')
  request.raw.socket.once('close', presence.open())
}
