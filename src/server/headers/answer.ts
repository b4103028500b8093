import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { jsonLine } from '../../base/text/escape.js'
import { addReadRoute } from './accept.js'
import { checkConditions, etagOf, OUTDATED } from './conditional.js'
import { packedFor } from './gzip.js'

/** The answer to a request: a page, a file, data, or the address of another page. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Bytes are shared with other clients. */
  readonly body: string | Uint8Array
}

/** The parts of a request on which the form of its answer depends. */
export type Asked = Pick<IncomingMessage, 'method' | 'headers'>

/** Headers of everything sent to browsers: they must not guess types or send a Referer. */
export const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

/** Answers with text of a type. */
export function textAnswer(type: string, body: Answer['body'], caching = 'no-cache'): Answer {
  return { status: 200, headers: { 'Content-Type': type, 'Cache-Control': caching }, body }
}

/** Answers crawlers, and programs such as `wget -r`, that nothing below a path is for them. */
export function robotsAnswer(path: string): Answer {
  return textAnswer('text/plain; charset=utf-8', `User-agent: *\nDisallow: ${path}\n`)
}

/** Answers with a value as JSON. */
export function jsonAnswer(value: unknown, caching = 'no-cache'): Answer {
  return textAnswer('application/json', jsonLine(value), caching)
}

/** Answers that the program is well. */
export const OK = lineAnswer(200, 'ok', { 'Cache-Control': 'no-store' })

/** Answers with figures in Prometheus' text format. */
export function metricsAnswer(metrics: string): Answer {
  return textAnswer('text/plain; version=0.0.4', metrics, 'no-store')
}

/** An answer that depends on the types that its client accepts. */
export function negotiated(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, Vary: 'Accept, Accept-Encoding' } }
}

/** Answers with one line of plain text. */
export function lineAnswer(status: number, line: string, headers: Answer['headers'] = {}): Answer {
  const type = { 'Content-Type': 'text/plain; charset=utf-8' }
  return { status, headers: { ...type, ...headers }, body: `${line}\n` }
}

/** Leads to another address, which a line names for programs that do not go there. */
export function redirect(location: string, line = 'the page has moved'): Answer {
  return lineAnswer(302, `${line}; follow the Location header`, { Location: location })
}

/** The answer if the conditions of a request do not hold for these headers; null if they hold. */
export function unmetAnswer(
  { method, headers: given }: Asked,
  headers: Answer['headers'],
): Answer | null {
  const { ETag: etag, 'Last-Modified': lastModified = null } = headers
  if (etag === undefined || (method !== 'GET' && method !== 'HEAD')) return null
  const verdict = checkConditions(given, { etag, lastModified })
  if (verdict === 'met') return null
  if (verdict === 'failed') return lineAnswer(412, OUTDATED)
  return { status: 304, headers: headersOf304(headers), body: '' }
}

/** The header fields of an answer without those of its body (RFC 9110, section 15.4.5). */
function headersOf304(headers: Answer['headers']): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !/^content-(?!sec)/i.test(name))
  return Object.fromEntries(kept)
}

/** The types that are compressed, and get an ETag. */
const TEXT = /^(?:text\/|image\/svg|application\/(?:json|[a-z\d]+\+xml))/

/** Whether an answer is a text that is not compressed yet. */
function isPlainText({ 'Content-Type': type = '', ...headers }: Answer['headers']): boolean {
  return headers['Content-Encoding'] === undefined && TEXT.test(type)
}

/** The answer with what all have; a text that may be kept by caches also gets an ETag. */
function tagged(answer: Answer): Answer {
  const { status, headers, body } = answer
  const { 'Cache-Control': caching, ETag: etag } = headers
  if (!isPlainText(headers)) return { ...answer, headers: { ...SAFE_HEADERS, ...headers } }
  const isKept = status === 200 && !/no-store|private/.test(caching ?? '')
  const tag = etag === undefined && isKept && { ETag: etagOf(body) }
  const vary = { Vary: 'Accept-Encoding' }
  return { ...answer, headers: { ...SAFE_HEADERS, ...vary, ...headers, ...tag } }
}

/** The whole answer as a client accepts it: text is compressed for most of them. */
export async function encoded(asked: Asked, answer: Answer): Promise<Answer> {
  return encode(asked, tagged(answer))
}

async function encode(asked: Asked, answer: Answer): Promise<Answer> {
  const { headers, status } = answer
  const { ETag: etag } = headers
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  const packed = isPlainText(headers) ? await packedFor(asked.headers, body) : null
  // It is the same for both encodings
  const weak = packed && etag !== undefined && { ETag: etag.replace(/^"/, 'W/"') }
  const own = packed && { 'Content-Encoding': 'gzip', ...weak }
  const length = { 'Content-Length': String((packed ?? body).length) }
  return { status, headers: { ...headers, ...own, ...length }, body: packed ?? body }
}

/** The answer as the client of a request gets it: 304 if it has that already. */
export async function fitted(asked: Asked, answer: Answer): Promise<Answer> {
  const whole = tagged(answer)
  const unmet = whole.status === 200 ? unmetAnswer(asked, whole.headers) : null
  return unmet ?? encode(asked, whole)
}

/** Sends an answer as its client gets it. */
export async function sendAnswer(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  const { status, headers, body } = await fitted(reply.request, answer)
  reply.code(status).headers(headers)
  return status === 304 ? reply.send() : reply.send(body)
}

/** Adds an address that GET and HEAD read. */
export function addAnswers(
  app: FastifyInstance,
  url: string,
  answer: (request: FastifyRequest, reply: FastifyReply) => Answer | Promise<Answer>,
): void {
  addReadRoute(app, url, async (request, reply) => sendAnswer(reply, await answer(request, reply)))
}
