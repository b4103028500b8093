import { CONNECTIONS } from '../../../server/connections/connection-limits.js'
import { randomBytes } from 'node:crypto'
import { chmod, stat } from 'node:fs/promises'
import cookie from '@fastify/cookie'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BtkitError } from '../../../base/errors.js'
import { Form, query } from '../../../pages/forms/form.js'
import {
  addPages,
  answerRoute,
  createFormsApp,
  leftSignal,
  menuOf,
  refusalOf,
  wayBack,
} from '../../../pages/forms/app.js'
import { formOf, framePage, type PageParts, queryOf, seeOther } from '../../../pages/forms/frame.js'
import { ADMIN_SCRIPT, ADMIN_STYLE } from '../../../browser/texts.js'
import { type Answer, sendAnswer } from '../../../server/headers/answer.js'
import { splitTarget } from '../../../server/headers/target.js'
import { Exchanges } from '../../../server/exchange/exchanges.js'
import { hiddenClients } from '../../../server/exchange/hidden-clients.js'
import { isLocal } from '../../../core/remote/address-reach.js'
import { listenAll, type ServerRules } from '../../../server/listen/listen.js'
import { html } from '../../../base/text/html.js'
import { describeFailure, type LogInFailure } from '../access/log-in.js'
import { UserTurns } from '../access/turns.js'
import { type User, UsersFile } from '../access/users.js'
import { Acts } from '../storage/activity-log.js'
import { type Aim, adminPage, logInContent } from '../frame/admin-page.js'
import {
  type AdminContext,
  type AdminRoute,
  mayDo,
  PASSWORD_FIELDS,
  placeIn,
} from '../frame/visit.js'
import {
  type AdminParts,
  type AdminSettings,
  Authentication,
  FOREIGN_FORM,
  ownAddresses,
  plainRefusal,
} from './authentication.js'

/** Pages that listen. */
export interface Admin {
  /** The URL for browsers, or the path of a Unix socket. */
  readonly address: string
  readonly close: () => Promise<void>
}

const RULES: ServerRules = {
  options: {
    headersTimeout: 10_000,
    // Torrents are uploaded over slow lines, too
    requestTimeout: 10 * 60_000,
    keepAliveTimeout: 15_000,
    maxHeaderSize: 16 * 1024,
  },
  grace: 10_000,
  prepare: (server) => {
    server.setTimeout(120_000)
  },
}

/** The most fields of a form: the page with most torrents needs less. */
const MOST_FIELDS = 3000

/**
 * Opens the pages of the administration.
 * @throws BtkitError if the file of users cannot be read, or it cannot listen
 */
export async function openAdmin(settings: AdminSettings, parts: AdminParts): Promise<Admin> {
  const { place, clientAddresses, tls } = settings
  const users = new UsersFile(settings.usersFile, parts.warn)
  await users.open()
  const own = ownAddresses(settings)
  const app = createFormsApp({
    server: { routerOptions: { maxParamLength: 4096 } },
    mostFields: MOST_FIELDS,
    refusalOf: (asked) => plainRefusal(settings, asked) ?? refusalOf(asked, own),
    onError: parts.onError,
  })
  await app.register(cookie, { secret: randomBytes(32).toString('base64') })
  if (tls !== null || settings.url?.protocol === 'https:')
    app.addHook('onSend', (_, reply) => {
      reply.header('Strict-Transport-Security', 'max-age=31536000')
      return Promise.resolve()
    })
  const authentication = new Authentication(settings, users, parts)
  const prefix = settings.url?.pathname.replace(/\/$/, '') ?? ''
  await app.register(multipart)
  const { site, publicUrl } = settings
  adminRoutes(app, { ...parts, site, publicUrl, authentication })
  if (prefix !== '') app.get(prefix, (_, reply) => reply.redirect(`${prefix}/`, 308))
  await app.ready()
  const exchanges = new Exchanges(() => undefined, parts)
  const noteHidden = hiddenClients(clientAddresses, isLocal, parts.warn)
  const listening = await listenAll([place], {
    handler: (request, response) => {
      noteHidden(request)
      request.url = withoutPrefix(request.url ?? '/', prefix)
      app.routing(request, response)
    },
    exchanges,
    rules: RULES,
    connections: CONNECTIONS.admin,
    clientAddresses,
    tls,
    onError: parts.onError,
  })
  // Whoever may connect can try passwords; umask may leave the group its rights, for a proxy
  if ('path' in place) await chmod(place.path, (await stat(place.path)).mode & 0o770)
  const close = async () => {
    await listening.close()
    await app.close()
  }
  return { address: settings.url?.href ?? listening.addresses[0] ?? '', close }
}

/** Proxies pass a prefix on, or remove it. */
function withoutPrefix(url: string, prefix: string): string {
  const rest = prefix !== '' && url.startsWith(prefix) ? url.slice(prefix.length) : url
  return rest.startsWith('/') ? rest : url
}

interface RoutesParts extends AdminParts, Pick<AdminSettings, 'site' | 'publicUrl'> {
  readonly authentication: Authentication
}

/** Adds the log-in, the log-out and all routes to an application. */
function adminRoutes(app: FastifyInstance, parts: RoutesParts): void {
  const turns = new UserTurns()
  addPages(app, {
    style: ADMIN_STYLE.text + (parts.site.style?.text ?? ''),
    script: ADMIN_SCRIPT.text,
    routes: parts.routes,
    answer: (route, request, reply) =>
      answer(route, { ...parts, turns, acts: new Acts(parts.log), request, reply }),
    missing: (request, reply) =>
      missingPage({ ...parts, acts: new Acts(parts.log), request, reply }),
  })
  logInRoutes(app, parts)
}

function logInRoutes(app: FastifyInstance, parts: RoutesParts): void {
  const { site, authentication } = parts
  const show = (
    { request, reply }: Pick<Exchange, 'request' | 'reply'>,
    aim: Aim,
    failed: Failed | null = null,
  ) => {
    const frame = {
      site,
      user: null,
      menu: [],
      root: '',
      search: null,
      token: () => authentication.token(request, reply),
    }
    const isLate = failed === null && aim.to !== '' && authentication.wasHere(request)
    const content = html`${isLate && ENDED} ${logInContent(failed?.name ?? '', aim)}`
    const page = { title: 'Log in', error: failed ?? undefined, content, status: failed?.status }
    return sendAnswer(reply, adminPage(page, frame))
  }
  app.get('/login', async (request, reply) =>
    (await authentication.userOf(request)) === null
      ? show({ request, reply }, aimIn(queryOf(request)))
      : sendAnswer(reply, seeOther('./')),
  )
  app.post('/login', async (request, reply) => {
    const form = formOf(request)
    const [name, aim] = [form.text('name'), aimIn(form)]
    // The tracker was started again, or a log-in in another tab gave this browser a session
    if (!authentication.isOwnToken(request, form.text('token')))
      return show({ request, reply }, aim, { message: FOREIGN_FORM, name, status: 403 })
    const failure = await authentication.enter(request, reply, name, form.raw('password'))
    if (failure !== null) return show({ request, reply }, aim, { ...failed(failure), name })
    const lost = LOST[aim.lost]
    if (lost) authentication.leaveMessage(request, html`<p class="note" role="status">${lost}</p>`)
    return sendAnswer(reply, seeOther(`./${aim.to}`))
  })
  app.post('/logout', async (request, reply) => {
    const user = await authentication.userOf(request)
    if (user === null) return sendAnswer(reply, seeOther('login'))
    const form = formOf(request)
    const context = contextOf(user, form, { ...parts, acts: new Acts(parts.log), request, reply })
    const handle = () => {
      context.checkToken(form.text('token'))
      return authentication.leave(request, reply, user)
    }
    return sendAnswer(reply, await answerRoute({ method: 'POST', handle }, context))
  })
}

const ENDED = html`<p class="note" role="status">Your session has ended. Log in to go on.</p>`

/** The messages after the log-in for what was sent when the session had ended. */
const LOST: Readonly<Record<Aim['lost'], string>> = {
  '': '',
  form: 'Nothing was changed; send the form again.',
  upload: 'Nothing was uploaded; choose the files again.',
}

/** Reads where the log-in leads. */
function aimIn(form: Form): Aim {
  const lost = form.text('lost')
  return { to: placeIn(form, 'to'), lost: lost === 'form' || lost === 'upload' ? lost : '' }
}

/** The address of the log-in that leads on to the page of a request, with the form that it sent. */
function logInFor(request: FastifyRequest, { routes }: AdminParts): string {
  const { method } = request
  const [target, asked] = splitTarget(request.url)
  const path = target.slice(1)
  const isPage = routes.some((route) => route.method === 'GET' && route.path === path)
  const sent = formOf(request)
    .without('token', 'act', ...PASSWORD_FIELDS)
    .toString()
  const fields = method === 'GET' ? asked : isPage ? sent : ''
  const page = method === 'GET' || isPage ? path : ''
  const to = placeIn(new Form({ to: fields === '' ? page : `${page}?${fields}` }), 'to') || page
  const isUpload = routes.some((route) => route.upload !== undefined && route.path === path)
  const lost = method === 'GET' ? '' : isUpload ? 'upload' : 'form'
  return `${rootOf(request)}login${query({ to, lost })}`
}

interface Failed {
  readonly message: string
  readonly name: string
  readonly status: number
}

function failed(failure: LogInFailure): Omit<Failed, 'name'> {
  const message = describeFailure(failure, 'The name or the password is wrong.')
  return { status: failure === 'wrong' ? 403 : 429, message }
}

interface Exchange extends RoutesParts {
  readonly acts: Acts
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

interface PageExchange extends Exchange {
  readonly turns: UserTurns
}

async function answer(route: AdminRoute, exchange: PageExchange): Promise<Answer> {
  const { authentication, turns, request } = exchange
  const user = await authentication.userOf(request)
  if (user === null) return seeOther(logInFor(request, exchange))
  if (user.isTemporary && route.path !== 'account') return seeOther(`${rootOf(request)}account`)
  const form = formOf(request)
  const context = contextOf(user, form.without('token'), exchange)
  const handle: AdminRoute['handle'] = (context) => {
    if (route.method === 'POST' && route.upload === undefined)
      context.checkToken(form.text('token'))
    if (route.needs) context.require(route.needs)
    // An upload may last for minutes
    if (route.upload !== undefined) return route.handle(context)
    return turns.run(user.name, async () => route.handle(context))
  }
  try {
    return await answerRoute({ method: route.method, handle }, context)
  } finally {
    await exchange.acts.end()
  }
}

function contextOf(user: User, form: Form, exchange: Exchange): AdminContext {
  const { site, authentication, request, reply, routes, acts, now } = exchange
  const address = authentication.addressOf(request)
  const may: AdminContext['may'] = (action, owner = null) => mayDo(user, action, owner)
  const root = rootOf(request)
  const current = request.routeOptions.url?.slice(1)
  const isAllowed = ({ needs }: AdminRoute) => needs === undefined || may(needs)
  return {
    user,
    address,
    may,
    require: (action, owner = null) => {
      if (may(action, owner)) return
      throw new BtkitError('not-permitted', `${user.name} may not do this; ask an administrator`)
    },
    note: (action, target, details) =>
      acts.note({ at: now(), user: user.name, address, action, target, details }),
    page: ({ content, ...parts }: PageParts) => {
      const message = authentication.takeMessage(request)
      const isShownOnce = message !== undefined
      const shown = { ...parts, isShownOnce, content: html`${message ?? null} ${content}` }
      const token = () => authentication.token(request, reply)
      const pages = menuOf(routes.filter(isAllowed), current)
      const { publicUrl } = exchange
      const ofSite =
        publicUrl === null ? [] : [{ path: publicUrl, title: 'Public site ↗', isCurrent: false }]
      const menu = user.isTemporary ? [] : [...pages, ...ofSite]
      const hasTorrents = !user.isTemporary && routes.some(({ path }) => path === 'torrents')
      const search = hasTorrents ? queryOf(request).text('q') : null
      return adminPage(shown, { site, user, menu, root, search, token })
    },
    seeOther: (location, message) => {
      authentication.leaveMessage(request, message)
      return seeOther(location)
    },
    users: () => authentication.usersFile.list(),
    changePassword: (current, fresh) =>
      authentication.changePassword(request, reply, user, current, fresh),
    changeUsers: (change) => authentication.change(change),
    hashPassword: (password) => authentication.logIns.hash(password),
    query: queryOf(request),
    form,
    params: request.params as Record<string, string>,
    left: leftSignal(reply),
    checkToken: (token) => {
      authentication.checkToken(request, token)
    },
    request,
  }
}

function rootOf({ url }: FastifyRequest): string {
  return wayBack(url.slice(1))
}

/** The page of an address that is none. */
async function missingPage(exchange: Exchange): Promise<Answer> {
  const { site, authentication, request } = exchange
  const user = await authentication.userOf(request)
  const root = rootOf(request)
  const page = {
    title: 'There is no such page',
    content: html`<p>
      ${user === null ? html`<a href="${root}login">Log in</a>` : 'Choose one in the menu.'}
    </p>`,
    status: 404,
  }
  if (user !== null) return contextOf(user, new Form(), exchange).page(page)
  return framePage({ root, ...page }, { ...site, label: 'Pages', menu: [] })
}
