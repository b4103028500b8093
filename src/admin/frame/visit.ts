import type { FastifyRequest } from 'fastify'
import { answerForm, type FormPage } from '../../pages/picker.js'
import type { Form } from '../../pages/form.js'
import type { Answer, PageParts } from '../../pages/frame.js'
import type { Html } from '../../text/html.js'
import type { Role } from '../access/users.js'

/** Things that people do. */
export type Action = 'add' | 'edit' | 'delete' | 'organize' | 'ban' | 'audit'

/** Somebody who is logged in. */
export interface Visitor {
  readonly name: string
  readonly role: Role
}

/** The things that an uploader may do with any torrent, and with his own. */
const ALWAYS: readonly Action[] = ['add']
const WITH_OWN: readonly Action[] = ['edit', 'delete']

/**
 * Whether somebody may do something. `owner` is the name of who added the torrent; null for a
 * torrent that nobody added here, and for things that are no torrents.
 */
export function mayDo({ name, role }: Visitor, action: Action, owner: string | null): boolean {
  if (role === 'admin' || ALWAYS.includes(action)) return true
  return owner === name && WITH_OWN.includes(action)
}

/** A request of somebody who is logged in. */
export interface AdminContext {
  readonly user: Visitor
  /** Whether the user may do something: see `mayDo`. */
  readonly may: (action: Action, owner?: string | null) => boolean
  /**
   * Refuses what the user may not do.
   * @throws BtkitError `not-permitted`
   */
  readonly require: (action: Action, owner?: string | null) => void
  /** Records what the user did, with the thing that it was done to. */
  readonly note: (action: string, target: string, details?: string) => void
  /** Renders a page with the menu, and a token against forgery in each form that is sent. */
  readonly page: (parts: PageParts) => Answer
  /**
   * Sends the browser to a page after a change. The page shows a message once, so that to load it
   * again repeats nothing.
   */
  readonly seeOther: (location: string, message: Html) => Answer
  /** The fields after the question mark. */
  readonly query: Form
  /** The fields of a form that was sent; empty for an upload. */
  readonly form: Form
  /** The parts of the path, such as `id` of `job/:id`. */
  readonly params: Readonly<Record<string, string>>
  /**
   * Checks the token of an upload's first part, before anything is kept.
   * @throws BtkitError `not-permitted`
   */
  readonly checkToken: (token: string) => void
  /** The request itself, for uploads. */
  readonly request: FastifyRequest
}

/** A page or a change. All routes need a log-in, and those with POST a token. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST'
  /** The path below the first page, such as `torrents` or `job/:id`. */
  readonly path: string
  /** Its title in the menu. */
  readonly menu?: string | undefined
  /** Its users must be allowed to do this. */
  readonly needs?: Action | undefined
  /** The most bytes of an upload, whose parts the handler reads and whose token it checks. */
  readonly upload?: number | undefined
  readonly handle: (context: AdminContext) => Answer | Promise<Answer>
}

/** The routes of a page with a form: GET shows it, and POST does what it asks for. */
export function formRoutes({
  page,
  ...route
}: Pick<AdminRoute, 'path' | 'menu' | 'needs'> & {
  readonly page: (context: AdminContext) => FormPage
}): AdminRoute[] {
  return [
    { ...route, method: 'GET', handle: (context) => page(context).show(context.query) },
    {
      ...route,
      method: 'POST',
      menu: undefined,
      handle: (context) => answerForm(context.form, page(context)),
    },
  ]
}
