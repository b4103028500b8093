import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import { BtkitError, type ErrorCode } from '../../errors.js'
import { NotReady, Refusal, type RefusalCode } from './refusal.js'

/** What a client is told: a status and one line that names nothing of the server. */
interface ErrorResponse {
  readonly status: number
  readonly line: string
}

/** What refusals are in HTTP; their messages are for the client as they are. */
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
}

/** What errors of the parts below mean to a client; their messages hold paths of the server. */
const ANSWERS: Partial<Record<ErrorCode, ErrorResponse>> = {
  'not-found': { status: 404, line: 'not found' },
  'not-permitted': { status: 403, line: 'not permitted' },
  'bad-name': { status: 422, line: 'a torrent can not hold that name' },
  empty: { status: 422, line: 'there is nothing in it' },
  changed: { status: 503, line: 'the files change while they are read: ask again later' },
  interrupted: { status: 503, line: 'the server is stopping' },
}

const INTERNAL: ErrorResponse = { status: 500, line: 'something is wrong with the server' }

/** What the HTTP library refuses, in words that do not repeat what the client sent. */
const LINES: Readonly<Record<number, string>> = {
  400: 'the request is malformed',
  413: 'the body is too large',
  415: 'the body is no form (application/x-www-form-urlencoded)',
}

/** What to tell a client of an error, whatever it is: of one that is no refusal, no detail. */
export function errorResponse(error: unknown): ErrorResponse {
  if (error instanceof Refusal) return { status: STATUSES[error.code], line: error.message }
  if (error instanceof BtkitError) return ANSWERS[error.code] ?? INTERNAL
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  // What the HTTP library refuses, such as a body that is too large
  if (typeof status !== 'number' || status < 400 || status > 499) return INTERNAL
  return { status, line: LINES[status] ?? (STATUS_CODES[status] ?? 'refused').toLowerCase() }
}

/** Sends an error as one line of text. */
export function sendError(reply: FastifyReply, error: unknown): void {
  const { status, line } = errorResponse(error)
  setRetryAfter(reply, error)
  sendLine(reply, status, line)
}

/** Sets when to ask again, after an error for which that may help. */
export function setRetryAfter(reply: FastifyReply, error: unknown): void {
  if (error instanceof NotReady) reply.header('Retry-After', String(error.retryAfter))
  else if (errorResponse(error).status === 503) reply.header('Retry-After', '10')
}

/** Refuses a method that an address does not have. */
export function refuseMethod(reply: FastifyReply, method: string, allowed: string): void {
  reply.header('Allow', allowed)
  sendLine(reply, 405, `${method}: not possible here`)
}

/** Sends one line of text. */
export function sendLine(reply: FastifyReply, status: number, line: string): void {
  reply.code(status).type('text/plain; charset=utf-8').send(`${line}\n`)
}
