import type { FastifyRequest } from 'fastify'
import type { FormContext, FormRoute } from '../../../pages/forms/app.js'
import type { Answer } from '../../../server/headers/answer.js'
import type { Form } from '../../../pages/forms/form.js'
import type { Html } from '../../../base/text/html.js'
import type { PasswordHash } from '../access/password-hash.js'
import type { User } from '../access/users.js'

/** Things that people do. */
export type Action = 'add' | 'edit' | 'delete' | 'organize' | 'ban' | 'audit' | 'appoint'

/** Somebody who is logged in. */
export type Visitor = Omit<User, 'hash'>

/** The things that an uploader may do with any torrent, and with his own. */
const ALWAYS: readonly Action[] = ['add']
const WITH_OWN: readonly Action[] = ['edit', 'delete']

/**
 * Whether somebody may do something. `owner` is the id of who added the torrent; null for a
 * torrent that nobody added here, and for things that are no torrents.
 */
export function mayDo(
  { id, role }: Pick<Visitor, 'id' | 'role'>,
  action: Action,
  owner: string | null,
): boolean {
  if (role === 'admin' || ALWAYS.includes(action)) return true
  return owner === id && WITH_OWN.includes(action)
}

/** A request of somebody who is logged in. */
export interface AdminContext extends FormContext {
  readonly user: Visitor
  /** Where the request comes from; null on a Unix socket. */
  readonly address: string | null
  /** Whether the user may do something: see `mayDo`. */
  readonly may: (action: Action, owner?: string | null) => boolean
  /**
   * Refuses what the user may not do.
   * @throws BtkitError `not-permitted`
   */
  readonly require: (action: Action, owner?: string | null) => void
  /** Records what the user did, with the thing that it was done to. */
  readonly note: (action: string, target: string, details?: string) => Promise<void>
  /**
   * Sends the browser to a page after a change. The page shows a message once, so that to load it
   * again repeats nothing.
   */
  readonly seeOther: (location: string, message: Html) => Answer
  /**
   * Checks the token of an upload's first part, before anything is kept.
   * @throws BtkitError `not-permitted`
   */
  readonly checkToken: (token: string) => void
  /** Everybody who may log in. */
  readonly users: () => Promise<readonly Visitor[]>
  /**
   * Gives the user another password.
   * @throws BtkitError `not-permitted` if the current one is wrong
   */
  readonly changePassword: (current: string, fresh: string) => Promise<void>
  /** Changes the users; see changeUsers. */
  readonly changeUsers: (change: (users: Map<string, User>) => void) => Promise<void>
  readonly hashPassword: (password: string) => Promise<PasswordHash>
  /** The request itself, for uploads. */
  readonly request: FastifyRequest
}

/** A page and its fields, as this program writes them in addresses; it leads nowhere else. */
const PLACE = /^[a-z]+(?:\/[\da-z]+)*(?:\?[\w=&%.+*-]*)?$/

/** The fields for passwords, which no address may have: browsers and proxies keep addresses. */
export const PASSWORD_FIELDS = ['current', 'fresh', 'again'] as const

/** The longest address in a form; a longer one is lost. */
const LONGEST_PLACE = 4000

/** The page that a field of a form leads to; empty for the first page, and for other sites. */
export function placeIn(form: Form, field: string): string {
  const place = form.text(field)
  return PLACE.test(place) && place.length <= LONGEST_PLACE ? place : ''
}

/** A page or a change. All routes need a log-in, and those with POST a token. */
export type AdminRoute = FormRoute<AdminContext, Action>
