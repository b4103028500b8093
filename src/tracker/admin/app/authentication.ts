import type { PageSite } from '../../../page-parts/layout.js'
import type { OwnAddresses } from '../../../pages/forms/app.js'
import { Tokens } from '@fastify/csrf'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { BtkitError } from '../../../base/errors.js'
import type { Answer } from '../../../server/headers/answer.js'
import { seeOther } from '../../../pages/forms/frame.js'
import type { ClientAddresses } from '../../../server/connections/client-address.js'
import type { ServerContext } from '../../../server/context.js'
import { isSecure } from '../../../server/listen/listen.js'
import { isUnixPlace, type ListenPlace } from '../../../server/listen/open-server.js'
import type { TlsKeys } from '../../../server/listen/tls-keys.js'
import type { Html } from '../../../base/text/html.js'
import { isLoopback } from '../../../core/remote/address-reach.js'
import { describeFailure, type LogInFailure, LogIns, Sessions } from '../access/log-in.js'
import { changeUsers, type User, type UsersFile } from '../access/users.js'
import type { AdminRoute } from '../frame/visit.js'
import { type ActivityLog, FAILED_LOG_IN } from '../storage/activity-log.js'

/** The settings of the administration. */
export interface AdminSettings {
  readonly site: PageSite
  readonly place: ListenPlace
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly clientAddresses: ClientAddresses
  /** Where browsers see the pages, if a proxy shows them; null if they ask this program itself. */
  readonly url: URL | null
  /** The file of users. */
  readonly usersFile: string
  /** The URL of the public pages; null if there are none. */
  readonly publicUrl: string | null
}

/** The parts that the pages need. */
export interface AdminParts extends ServerContext {
  readonly log: ActivityLog
  readonly routes: readonly AdminRoute[]
}

/** The cookie with the signed id of a visitor. */
const COOKIE = 'btkit-admin'

export const FOREIGN_FORM =
  'the form is not from this session; load the page again, and accept cookies'

/** Decides who gets in: where requests come from, log-ins, sessions, and tokens of forms. */
export class Authentication {
  readonly #tokens = new Tokens({})
  /** Ids of visitors by their requests, also those that this request's answer sets. */
  readonly #ids = new WeakMap<FastifyRequest, string>()

  readonly #sessions: Sessions
  readonly logIns: LogIns

  constructor(
    private readonly settings: AdminSettings,
    readonly usersFile: UsersFile,
    private readonly parts: Pick<AdminParts, 'log' | 'now' | 'monotonic'>,
  ) {
    this.#sessions = new Sessions(parts.monotonic)
    this.logIns = new LogIns(usersFile, parts.monotonic)
  }

  /** The user of a request's session; null if there is none. */
  async userOf(request: FastifyRequest): Promise<User | null> {
    const id = this.#idOf(request)
    const name = id === null ? null : this.#sessions.nameOf(id)
    if (id === null || name === null) return null
    const user = await this.usersFile.find(name)
    return this.#sessions.isOf(id, user) ? user : null
  }

  /** Whether this browser was here before: it has a cookie. */
  wasHere(request: FastifyRequest): boolean {
    return request.cookies[COOKIE] !== undefined
  }

  /** Makes a token for a form. A visitor without an id gets one. */
  token(request: FastifyRequest, reply: FastifyReply): string {
    const id = this.#idOf(request) ?? this.#giveId(Sessions.newId(), request, reply)
    return this.#tokens.create(this.#sessions.secretOf(id))
  }

  /** Whether the token of a form is one of this visitor's. */
  isOwnToken(request: FastifyRequest, token: string): boolean {
    const id = this.#idOf(request)
    return id !== null && this.#tokens.verify(this.#sessions.secretOf(id), token)
  }

  /**
   * Refuses a form whose token is not one of this visitor's.
   * @throws BtkitError `not-permitted`
   */
  checkToken(request: FastifyRequest, token: string): void {
    if (!this.isOwnToken(request, token)) throw new BtkitError('not-permitted', FOREIGN_FORM)
  }

  /** Logs somebody in. Returns null, or why that failed. */
  async enter(
    request: FastifyRequest,
    reply: FastifyReply,
    name: string,
    password: string,
  ): Promise<LogInFailure | null> {
    const address = this.addressOf(request)
    const result = await this.logIns.check(name, password, address)
    if (result === 'wrong' || 'limited' in result) {
      if (result === 'wrong') {
        // Names that do not exist may be anything, even a password: only the address is noted
        const isKnown = (await this.usersFile.find(name)) !== null
        await this.#note(request, isKnown ? name : '', FAILED_LOG_IN)
      }
      return result
    }
    this.#end(request)
    this.#giveId(this.#sessions.begin(result), request, reply)
    await this.#note(request, result.name, 'log in')
    return null
  }

  /** Changes the users; see changeUsers. Sessions of a changed or removed one end. */
  change(change: (users: Map<string, User>) => void): Promise<void> {
    return changeUsers(this.settings.usersFile, change)
  }

  /**
   * Gives a user another password. Other sessions of the user end.
   * @throws BtkitError `not-permitted` if the current one is wrong, or the file cannot be written,
   *   `usage` if it is the same as before
   */
  async changePassword(
    request: FastifyRequest,
    reply: FastifyReply,
    user: User,
    current: string,
    fresh: string,
  ): Promise<void> {
    const { name } = user
    const address = this.addressOf(request)
    const result = await this.logIns.check(name, current, address)
    if (result === 'wrong' || 'limited' in result)
      throw new BtkitError(
        'not-permitted',
        describeFailure(result, 'the current password is wrong'),
      ).in('current')
    if (fresh === current)
      throw new BtkitError('usage', 'this is the current password; choose another').in('fresh')
    const changed = { ...result, hash: await this.logIns.hash(fresh), isTemporary: false }
    await this.change((users) => {
      if (users.get(name)?.id !== user.id)
        throw new BtkitError('not-found', `${name}: the user was removed`)
      users.set(name, changed)
    })
    this.#end(request)
    this.#giveId(this.#sessions.begin(changed), request, reply)
    await this.#note(request, name, 'change the password')
  }

  /** Logs somebody out. */
  async leave(request: FastifyRequest, reply: FastifyReply, user: User): Promise<Answer> {
    this.#end(request)
    reply.clearCookie(COOKIE, this.#cookieOptions(request))
    await this.#note(request, user.name, 'log out')
    const answer = seeOther('login')
    // Back would show the pages to the next person at this browser
    return { ...answer, headers: { ...answer.headers, 'Clear-Site-Data': '"cache"' } }
  }

  /** Keeps a message for the next page of a session. */
  leaveMessage(request: FastifyRequest, message: Html): void {
    this.#sessions.leaveMessage(this.#idOf(request) ?? '', message)
  }

  /** Returns the message for the next page of a session, once. */
  takeMessage(request: FastifyRequest): Html | undefined {
    return this.#sessions.takeMessage(this.#idOf(request) ?? '')
  }

  /** The address of the client; null on a Unix socket. */
  addressOf({ raw }: FastifyRequest): string | null {
    return this.settings.clientAddresses.of(raw)
  }

  #note(request: FastifyRequest, user: string, action: string): Promise<void> {
    const { log, now } = this.parts
    return log.note({ at: now(), user, address: this.addressOf(request), action, target: '' })
  }

  #end(request: FastifyRequest): void {
    const id = this.#idOf(request)
    if (id !== null) this.#sessions.end(id)
  }

  /** The id in the signed cookie. */
  #idOf(request: FastifyRequest): string | null {
    const given = this.#ids.get(request)
    if (given !== undefined) return given
    const { valid, value } = request.unsignCookie(request.cookies[COOKIE] ?? '')
    return valid ? value : null
  }

  #giveId(id: string, request: FastifyRequest, reply: FastifyReply): string {
    this.#ids.set(request, id)
    reply.setCookie(COOKIE, id, { ...this.#cookieOptions(request), signed: true })
    return id
  }

  /** The cookie ends with the browser. */
  #cookieOptions(request: FastifyRequest) {
    const path = this.settings.url?.pathname ?? '/'
    return { path, httpOnly: true, sameSite: 'strict', secure: this.#isSecure(request) } as const
  }

  /** Whether the browser's connection is encrypted. Only this machine's own may not be. */
  #isSecure({ raw }: FastifyRequest): boolean {
    const { url, place } = this.settings
    if (isSecure(raw) || raw.headers['x-forwarded-proto'] === 'https') return true
    if (url !== null) return url.protocol === 'https:'
    return !isUnixPlace(place) && !('host' in place && isLoopback(place.host))
  }
}

/**
 * Returns why a request is refused: a trusted proxy passes it on from plain HTTP, which nobody
 * asked for. The form of the log-in would lead a password there. Null if it is allowed.
 */
export function plainRefusal(
  { url, clientAddresses }: AdminSettings,
  { raw }: Pick<FastifyRequest, 'raw'>,
): string | null {
  if (url?.protocol === 'http:' || clientAddresses.forwardedScheme(raw) !== 'http') return null
  const how = url === null ? 'use https' : `open ${url.href}`
  return `passwords would cross the network in plain text; ${how}`
}

/**
 * The addresses at which browsers may see the pages. On a Unix socket, which proxies ask, any name
 * in `Host` is right, and with TLS, whose certificate another site lacks.
 */
export function ownAddresses({ url, place, tls }: AdminSettings): OwnAddresses {
  const isLocal = 'host' in place && isLoopback(place.host)
  const takesAnyHost = isUnixPlace(place) || (!isLocal && url === null) || tls !== null
  return {
    isHost: (host) => takesAnyHost || host === url?.host || isLoopback(host.replace(/:\d+$/, '')),
    isOrigin: (origin, host) =>
      origin === url?.origin || (URL.canParse(origin) && new URL(origin).host === host),
    otherHost: (host) => `the host ${host.slice(0, 100)} is not known; name it by --admin-url`,
    otherSite: 'the request came from another site; behind a proxy, set --admin-url',
  }
}
