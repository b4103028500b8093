import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import { BtkitError, type ErrorCode } from '../../base/errors.js'
import { trace } from '../../base/text/trace.js'
import { splitTarget } from './target.js'

/** The HTTP status of each reason for which a request is refused. */
const STATUSES = {
  usage: 400, // the request is malformed
  'not-found': 404,
  'not-permitted': 403,
  'too-large': 413, // more bytes or paths than may be sent
  'too-many': 422, // more files than one request may come to
  incompatible: 422, // files that one torrent can't hold together
  empty: 422, // nothing to make a torrent of
  busy: 503, // more work than can be done in time
  throttled: 429, // more than one client's share
  stalled: 408, // a body that arrives too slowly
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

/** Refuses a client that has not read the responses it asked for. */
export function manyUnread(): NotReady {
  return new NotReady('too many responses are unread; read them and try again', 5)
}

/**
 * Refuses a client that asks for more than its share; it may ask again after `retryAfter` seconds.
 */
export function throttled(message: string, retryAfter: number): NotReady {
  return new NotReady(message, retryAfter, 'throttled')
}

/** A status and one line for the client. The line names nothing of the server. */
interface ErrorResponse {
  readonly status: number
  readonly line: string
}

/** Answers for errors of lower layers, whose messages contain paths of the server. */
const ANSWERS: Partial<Record<ErrorCode, ErrorResponse>> = {
  'not-found': { status: 404, line: 'not found' },
  'not-permitted': { status: 403, line: 'not permitted' },
  'bad-name': { status: 422, line: 'a torrent cannot contain that name; rename the file' },
  empty: { status: 422, line: 'it contains no data' },
  changed: { status: 503, line: 'the files change while they are read; try again later' },
  interrupted: { status: 503, line: 'the server is stopping; try again later' },
}

const INTERNAL: ErrorResponse = {
  status: 500,
  line: 'internal error; the log of the server has the cause',
}

/** Lines for errors of the HTTP library, which do not repeat what the client sent. */
const LINES: Readonly<Record<number, string>> = {
  400: 'the request is malformed',
  413: 'the body is too large',
  415: 'the body is not a form; send application/x-www-form-urlencoded',
}

/** The answer for any error; an error that is no refusal gets no details. */
export function errorResponse(error: unknown): ErrorResponse {
  if (error instanceof Refusal) return { status: STATUSES[error.code], line: error.message }
  if (error instanceof BtkitError) return ANSWERS[error.code] ?? INTERNAL
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  // An error of the HTTP library, such as a body that is too large
  if (typeof status !== 'number' || status < 400 || status > 499) return INTERNAL
  return { status, line: LINES[status] ?? (STATUS_CODES[status] ?? 'refused').toLowerCase() }
}

/** Sends an error as one line of text. */
export function sendError(reply: FastifyReply, error: unknown): void {
  const { status, line } = errorResponse(error)
  trace(
    () => `${reply.request.ip} gets ${status} for ${splitTarget(reply.request.url)[0]}: ${line}`,
  )
  setRetryAfter(reply, error)
  sendLine(reply, status, line)
}

/** Sets Retry-After for an error that may pass. */
export function setRetryAfter(reply: FastifyReply, error: unknown): void {
  if (error instanceof NotReady) reply.header('Retry-After', String(error.retryAfter))
  else if (errorResponse(error).status === 503) reply.header('Retry-After', '10')
}

/** Refuses a method that an address does not support. */
export function refuseMethod(reply: FastifyReply, method: string, allowed: string): void {
  reply.header('Allow', allowed)
  sendLine(reply, 405, `${method}: not allowed here; use ${allowed}`)
}

/** Sends one line of text. */
export function sendLine(reply: FastifyReply, status: number, line: string): void {
  reply.code(status).type('text/plain; charset=utf-8').send(`${line}\n`)
}
