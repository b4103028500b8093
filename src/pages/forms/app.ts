import type { IncomingHttpHeaders } from 'node:http'
import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import { type Answer, jsonAnswer, sendAnswer } from '../../server/headers/answer.js'
import { errorAnswer, statusOf } from '../../server/headers/refusal.js'
import { BtkitError } from '../../base/errors.js'
import { decodePercent } from '../../base/percent.js'
import { html } from '../../base/text/html.js'
import type { Form } from './form.js'
import { acceptForms, CACHING, type PageParts, seeOther, serveFiles } from './frame.js'
import { jobPage, type Jobs, jobStatus } from './jobs.js'
import { answerForm, type FormPage } from './picker.js'
import type { MenuEntry } from '../../page-parts/layout.js'

/** A request for a page or a change. */
export interface FormContext {
  /** Renders a page with the menu. */
  readonly page: (parts: PageParts) => Answer
  /** The fields after the question mark. */
  readonly query: Form
  /** The fields of a form that was sent; empty if none was. */
  readonly form: Form
  /** The parts of the path, such as `id` of `job/:id`. */
  readonly params: Readonly<Record<string, string>>
  /** Aborts when the browser leaves before the answer. */
  readonly left: AbortSignal
}

/** A page or a change. Both applications, the window and the administration, are lists of these. */
export interface FormRoute<C extends FormContext = FormContext, Need extends string = never> {
  readonly method: 'GET' | 'POST'
  /** The path below the first page, such as `torrents` or `job/:id`. */
  readonly path: string
  /** Its title in the menu, or the path of the page of the menu that it belongs to. */
  readonly menu?: string | undefined
  readonly under?: string | undefined
  /** Its purpose, on a first page that lists the pages of the menu. */
  readonly purpose?: string | undefined
  /** Its users must be allowed to do this. */
  readonly needs?: Need | undefined
  /** The most bytes of an upload, whose parts the handler reads and whose token it checks. */
  readonly upload?: number | undefined
  readonly handle: (context: C) => Answer | Promise<Answer>
}

/** The settings of an application of forms. */
export interface FormsSettings {
  readonly server?: FastifyServerOptions
  /** The most fields of a form. */
  readonly mostFields?: number
  /** Returns why a request is refused; null if it is allowed. */
  readonly refusalOf: (asked: FastifyRequest) => string | null
  /** Receives internal errors. */
  readonly onError: (error: unknown) => void
}

/** Largest form, in bytes. */
const MAX_FORM = 1024 * 1024

/**
 * Creates an application that accepts forms of its own pages only, and reports errors in a line.
 */
export function createFormsApp(settings: FormsSettings): FastifyInstance {
  // An address that the router cannot decode would be answered without a look at the request
  const rewriteUrl = ({ url = '/' }: { readonly url?: string | undefined }) =>
    decodePercent(url.replace(/\?.*/, ''), null) === null ? '/%25' : url
  const app = fastify({ bodyLimit: MAX_FORM, rewriteUrl, ...settings.server })
  app.addHook('onRequest', (request, _, done) => {
    const refusal = settings.refusalOf(request)
    if (refusal !== null) throw new BtkitError('not-permitted', refusal)
    done()
  })
  app.setErrorHandler((error, _, reply) => {
    const answer = errorAnswer(error, 'owner')
    if (answer.status === 500 && !(error instanceof BtkitError)) settings.onError(error)
    return sendAnswer(reply, answer)
  })
  acceptForms(app, settings.mostFields)
  return app
}

/** A request, as far as it says where it comes from. */
export interface Asking {
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

/** The addresses at which browsers may see the pages. */
export interface OwnAddresses {
  readonly isHost: (host: string) => boolean
  /** Whether pages of an `Origin` are the own ones. */
  readonly isOrigin: (origin: string, host: string) => boolean
  /** Says why another host is refused. */
  readonly otherHost: (host: string) => string
  /** Says why changes from pages of another site are refused. */
  readonly otherSite: string
}

/**
 * Returns why a request is refused; null if it is allowed. Its `Host` must be known, so that no
 * other name can lead here (DNS rebinding). Changes must come from these pages.
 */
export function refusalOf({ method, headers }: Asking, own: OwnAddresses): string | null {
  const { host = '', origin, 'sec-fetch-site': site } = headers
  if (!own.isHost(host)) return own.otherHost(host)
  if (method === 'GET' || method === 'HEAD') return null
  // Browsers set it where the connection is secure; pages cannot
  if (site !== undefined) return site === 'same-origin' ? null : own.otherSite
  return origin === undefined || own.isOrigin(origin, host) ? null : own.otherSite
}

/** The pages of an application, or of a part of it. */
export interface FormPages<R extends FormRoute<never, string>> {
  readonly style: string
  readonly script: string
  readonly routes: readonly R[]
  readonly answer: (route: R, request: FastifyRequest, reply: FastifyReply) => Promise<Answer>
  /** Answers a request for an address that is none. */
  readonly missing: (request: FastifyRequest, reply: FastifyReply) => Answer | Promise<Answer>
}

/** Adds pages, and the files that they refer to. */
export function addPages<R extends FormRoute<never, string>>(
  app: FastifyInstance,
  { style, script, routes, answer, missing }: FormPages<R>,
): void {
  serveFiles(app, style, script)
  app.setNotFoundHandler(async (request, reply) => sendAnswer(reply, await missing(request, reply)))
  for (const route of routes) {
    const { method, path, upload } = route
    app.route({
      method,
      url: `/${path}`,
      ...(upload === undefined ? {} : { bodyLimit: upload }),
      handler: async (request, reply) => sendAnswer(reply, await answer(route, request, reply)),
    })
  }
}

/** The title of pages about what went wrong. */
export const FAILED = 'That did not work'

/** Aborts when the browser leaves before its answer is ready. */
export function leftSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => {
    controller.abort()
  })
  return controller.signal
}

/** Answers a request by its route, or by a page about what went wrong. */
export async function answerRoute<C extends FormContext>(
  { method, handle }: Pick<FormRoute<C>, 'method' | 'handle'>,
  context: C,
): Promise<Answer> {
  try {
    return await handle(context)
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    const content =
      method === 'POST' &&
      html`<p>Nothing more was changed. Go back in the browser to try again.</p>`
    const page = { title: FAILED, error, content, status: statusOf(error) }
    return context.page(page)
  }
}

/** The way back to the first page: a step up for each directory of a path below it. */
export function wayBack(path: string): string {
  const [own = ''] = path.split('?')
  return '../'.repeat(own.split('/').length - 1)
}

/** The entries of a menu; `current` is the path of a page that is in it, or under one. */
export function menuOf(
  routes: readonly Pick<FormRoute, 'path' | 'menu' | 'under'>[],
  current: string | undefined,
): MenuEntry[] {
  const marked = routes.find(({ path }) => path === current)?.under ?? current
  return routes.flatMap(({ path, menu }) => {
    return menu === undefined ? [] : { path, title: menu, isCurrent: path === marked }
  })
}

/** A page with a form, and its place in the menu. */
type RoutedForm<C extends FormContext, Need extends string> = Omit<
  FormRoute<C, Need>,
  'method' | 'handle'
> & { readonly page: (context: C) => FormPage }

/** The routes of a page with a form: GET shows it, and POST does what it asks for. */
export function formRoutes<C extends FormContext = FormContext, Need extends string = never>({
  page,
  ...route
}: RoutedForm<C, Need>): FormRoute<C, Need>[] {
  const { path, needs } = route
  return [
    { ...route, method: 'GET', handle: (context) => page(context).show(context.query) },
    { path, needs, method: 'POST', handle: (context) => answerForm(context.form, page(context)) },
  ]
}

/** The pages of jobs: their progress, and then their result. */
export function jobRoutes(jobs: Jobs, under?: string): FormRoute[] {
  const find = ({ params }: FormContext) => jobs.get(params['id'] ?? '')
  const show = (context: FormContext): Answer => {
    const job = find(context)
    return job.state === 'done'
      ? context.page({ root: '../', ...job.shown })
      : jobPage(job, context.page)
  }
  const cancel = (context: FormContext): Answer => {
    const job = find(context)
    job.cancel()
    return seeOther(`../${job.id}`)
  }
  return [
    { method: 'GET', path: 'job/:id', under, handle: show },
    {
      method: 'GET',
      path: 'job/:id/state',
      handle: (context) => jsonAnswer(jobStatus(find(context)), CACHING),
    },
    { method: 'POST', path: 'job/:id/cancel', handle: cancel },
  ]
}
