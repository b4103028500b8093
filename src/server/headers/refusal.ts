import { STATUS_CODES } from 'node:http'
import { BtkitError, type ErrorCode } from '../../base/errors.js'
import { prefersJson, wantsPage } from './accept.js'
import { type Answer, type Asked, jsonAnswer, lineAnswer, negotiated } from './answer.js'

/** The HTTP status of each error that an answer may name; all others are 400 to the owner. */
const STATUSES = {
  usage: 400, // the request is malformed
  'not-found': 404,
  'not-permitted': 403,
  'too-large': 413, // more bytes or paths than may be sent
  'too-many': 422, // more files than one request may come to
  incompatible: 422, // files that one torrent can't hold together
  empty: 422, // nothing to make a torrent of
  'bad-name': 422, // a name that no torrent can have
  changed: 409, // it is not as the request saw it
  exists: 409,
  busy: 503, // more work than can be done in time
  throttled: 429, // more than one client's share
  stalled: 408, // a body that arrives too slowly
  io: 500,
} as const satisfies Partial<Record<ErrorCode, number>>

/** Why a request is refused. */
export type RefusalCode = keyof typeof STATUSES

/** An error that may be shown to strangers: its message names only what the client named. */
export class Refusal extends BtkitError {
  constructor(
    override readonly code: RefusalCode,
    message: string,
  ) {
    super(code, message)
  }
}

/** Refuses a request that cannot be understood. */
export function malformed(message: string): Refusal {
  return new Refusal('usage', message)
}

/** Refuses what does not exist, and what must look as if it did not. */
export function notFound(what: string): Refusal {
  return new Refusal('not-found', `${what}: not found`)
}

/** Refuses to send a directory as a file; its existence is no secret. */
export class IsDirectory extends Refusal {
  constructor(what: string) {
    super('not-found', `${what}: is a directory`)
  }
}

/** Refuses what the system does not let the service read. */
export function notPermitted(what: string): Refusal {
  return new Refusal('not-permitted', `${what}: not permitted`)
}

/** An answer that is not ready yet: the client should ask again later. */
export class NotReady extends Refusal {
  constructor(
    message: string,
    /** In seconds. */
    readonly retryAfter: number,
    code: 'busy' | 'throttled' = 'busy',
  ) {
    super(code, message)
  }
}

/**
 * Refuses a client that asks for more than its share; it may ask again after `retryAfter` seconds.
 */
export function throttled(message: string, retryAfter: number): NotReady {
  return new NotReady(message, retryAfter, 'throttled')
}

/** Refusals in place of errors of lower layers, whose messages contain paths of the server. */
const IN_PLACE: Partial<Record<ErrorCode, Refusal>> = {
  'not-found': new Refusal('not-found', 'not found'),
  'not-permitted': new Refusal('not-permitted', 'not permitted'),
  'bad-name': new Refusal('bad-name', 'a torrent cannot contain that name; rename the file'),
  empty: new Refusal('empty', 'it contains no data'),
  changed: new NotReady('the files change while they are read; try again later', 10),
  interrupted: new NotReady('the server is stopping; try again later', 10),
}

/** Lines for errors of the HTTP library, which do not repeat what the client sent. */
const LINES: Readonly<Record<number, string>> = {
  400: 'the request is malformed',
  413: 'the body is too large',
  415: 'the body is not a form; send application/x-www-form-urlencoded',
}

const INTERNAL = 'internal error; the log of the server has the cause'

/** The status of the answer for an error. */
export function statusOf({ code }: Pick<BtkitError, 'code'>): number {
  return (STATUSES as Partial<Record<ErrorCode, number>>)[code] ?? 400
}

/**
 * Answers any error with one line. Strangers get no details of an error that is no refusal; who
 * runs the program gets all that it says.
 */
export function errorAnswer(error: unknown, to: 'strangers' | 'owner' = 'strangers'): Answer {
  const isShown = to === 'owner' || error instanceof Refusal
  const named = error instanceof BtkitError ? (isShown ? error : IN_PLACE[error.code]) : undefined
  if (named) {
    const retry = named instanceof NotReady && { 'Retry-After': String(named.retryAfter) }
    return lineAnswer(statusOf(named), named.message, { ...retry })
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  // An error of the HTTP library, such as a body that is too large
  if (typeof status !== 'number' || status < 400 || status > 499) return lineAnswer(500, INTERNAL)
  return lineAnswer(status, LINES[status] ?? (STATUS_CODES[status] ?? 'refused').toLowerCase())
}

/** Refuses a method that an address does not support. */
export function methodAnswer(method = '', allowed = 'GET, HEAD'): Answer {
  return lineAnswer(405, `${method}: not allowed here; use ${allowed}`, { Allow: allowed })
}

/**
 * Answers a client with an error in the form that it wants: a page of the site, JSON, or a line.
 */
export async function errorFor(
  asked: Asked,
  error: unknown,
  page: ((line: Answer) => Answer | Promise<Answer>) | null,
): Promise<Answer> {
  const line = errorAnswer(error)
  const isJson = prefersJson(asked.headers.accept)
  const told = isJson ? jsonAnswer({ error: String(line.body).trimEnd() }) : line
  const shown = page && wantsPage(asked) ? await page(line) : told
  const { status, headers } = line
  return negotiated({ ...shown, status, headers: { ...headers, ...shown.headers } })
}
