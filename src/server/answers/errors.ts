import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import { BtkitError, type ErrorCode } from '../../errors.js'
import { NotReady, Refusal, type RefusalCode } from './refusal.js'

/** A status and one line for the client. The line names nothing of the server. */
interface ErrorResponse {
  readonly status: number
  readonly line: string
}

/** The HTTP status of each refusal; its message is sent as it is. */
const STATUSES: Record<RefusalCode, number> = {
  usage: 400,
  'not-permitted': 403,
  'not-found': 404,
  'too-large': 413,
  'too-many': 422,
  incompatible: 422,
  empty: 422,
  busy: 503,
  throttled: 429,
  stalled: 408,
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
