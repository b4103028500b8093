import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendLine } from './refusal.js'

/** ETag and date that distinguish one state of a resource from another. */
export interface Validators {
  /** In quotes; a tag with `W/` in front does not promise that all bytes are equal. */
  readonly etag: string
  /** HTTP date; null if another state could have the same date. */
  readonly lastModified: string | null
  /** Whether another state may still get the same date, because it is of this second. */
  readonly isDateWeak?: boolean
}

/** Returns the ETag of a body. */
export function etagOf(body: Uint8Array | string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
}

/** The result of checking a request's conditions: answer it, answer 304, or answer 412. */
export type Verdict = 'met' | 'unmodified' | 'failed'

/**
 * Checks a request's conditions in the order of RFC 9110, section 13.2.2. The library fresh is not
 * used: it accepts any later date for If-Modified-Since, but an older file may replace a newer one.
 */
export function checkConditions(headers: IncomingHttpHeaders, validators: Validators): Verdict {
  if (isOutdated(headers, validators)) return 'failed'
  return isUnmodified(headers, validators) ? 'unmodified' : 'met'
}

const OUTDATED = 'it has changed since the state that the request names; get it again'

/** Answers 304 or 412 if a request's conditions do not hold; returns false if they hold. */
export function endConditional(
  request: FastifyRequest,
  reply: FastifyReply,
  validators: Validators,
): boolean {
  const verdict = checkConditions(request.headers, validators)
  if (verdict === 'unmodified') reply.code(304).send()
  if (verdict === 'failed') sendLine(reply, 412, OUTDATED)
  return verdict !== 'met'
}

/** Whether the client asks for a state that the resource has left. */
function isOutdated(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-match']
  // If-Match ignores weak tags
  if (tags !== undefined) {
    return tags.trim() !== '*' && (isWeak(etag) || !listTags(tags).includes(etag))
  }
  const wanted = Date.parse(inUtc(headers['if-unmodified-since'] ?? ''))
  return lastModified !== null && Date.parse(lastModified) > wanted
}

/** Whether the client already has this state. */
function isUnmodified(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) {
    const opaque = (tag: string) => (isWeak(tag) ? tag.slice(2) : tag)
    return tags.trim() === '*' || listTags(tags).some((tag) => opaque(tag) === opaque(etag))
  }
  return isDate(headers['if-modified-since'], lastModified)
}

/** Whether a text, in any form of RFC 9110, section 5.6.7, is that date. */
function isDate(text: unknown, date: string | null): boolean {
  if (typeof text !== 'string' || date === null) return false
  return text === date || (DATE.test(text) && Date.parse(inUtc(text)) === Date.parse(date))
}

/** The beginning of a date in any form: a weekday. */
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/

/** Only the form of asctime has no zone; Node would take that of this machine. */
function inUtc(date: string): string {
  return date.endsWith('GMT') ? date : `${date} GMT`
}

function isWeak(tag: string): boolean {
  return tag.startsWith('W/')
}

function listTags(list: string): string[] {
  return list.split(',').map((tag) => tag.trim())
}

/** Part of a file: from the byte `start` to before the byte `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The range that a request asks for (RFC 9110, section 14). `whole` if the request has no range,
 * several, or a malformed one; null if the file has no byte of it. The library range-parser is not
 * used: it finds nothing in the last 1000 bytes of a file of 200.
 */
export function requestedRange(
  headers: IncomingHttpHeaders,
  size: number,
  validators: Validators,
): ByteRange | 'whole' | null {
  const [, list] = /^bytes=(.*)$/i.exec(headers.range?.trim() ?? '') ?? []
  if (list === undefined || !isSameState(headers['if-range'], validators)) return 'whole'
  const [only = '', ...others] = list.split(',').flatMap((spec) => spec.trim() || [])
  return others.length === 0 ? readRange(only, size) : 'whole'
}

/** Whether the client's part of the file belongs to this state, so that the rest completes it. */
function isSameState(
  condition: unknown,
  { etag, lastModified, isDateWeak = false }: Validators,
): boolean {
  if (condition === undefined) return true
  return isWeak(etag) || condition !== etag ? !isDateWeak && isDate(condition, lastModified) : true
}

function readRange(spec: string, size: number): ByteRange | 'whole' | null {
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(spec) ?? []
  if (first === '' && last === '') return 'whole'
  if (first === '') return stretch(size - Number(last), size, size)
  if (last !== '' && Number(last) < Number(first)) return 'whole'
  return stretch(Number(first), last === '' ? size : Number(last) + 1, size)
}

function stretch(start: number, end: number, size: number): ByteRange | null {
  const range = { start: Math.max(0, start), end: Math.min(end, size) }
  return range.start < range.end ? range : null
}

/** A resource of which a range can be sent. */
export interface Ranged {
  readonly size: number
  readonly validators: Validators
  readonly headers: Readonly<Record<string, string>> & { readonly 'Content-Type': string }
}

/** The answer to a request for a resource, without its body. */
export interface RangedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The range that the body is; null if there is none. */
  readonly range: ByteRange | null
  /** The body of an error; null for none. */
  readonly line: string | null
}

/** Decides what a request for a resource gets: all of it, a range, or only a status. */
export function answerRanged(
  { method, headers: given }: Pick<IncomingMessage, 'method' | 'headers'>,
  { size, validators, headers }: Ranged,
): RangedAnswer {
  const { etag, lastModified } = validators
  const always = {
    'Accept-Ranges': 'bytes',
    ETag: etag,
    ...(lastModified !== null && { 'Last-Modified': lastModified }),
  }
  const verdict = checkConditions(given, validators)
  if (verdict === 'unmodified') return { status: 304, headers: always, range: null, line: null }
  if (verdict === 'failed')
    return { status: 412, headers: always, range: null, line: `${OUTDATED}\n` }
  // HEAD has no body of which a range could be sent
  const isHead = method === 'HEAD'
  const range = isHead ? 'whole' : requestedRange(given, size, validators)
  if (range === null) {
    const line = `that range is outside the file; it has ${size} bytes\n`
    return { status: 416, headers: { ...always, 'Content-Range': `bytes */${size}` }, range, line }
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size } : range
  const own = { ...always, ...headers, 'Content-Length': String(end - start) }
  if (range === 'whole')
    return { status: 200, headers: own, range: isHead ? null : { start, end }, line: null }
  const part = { ...own, 'Content-Range': `bytes ${start}-${end - 1}/${size}` }
  return { status: 206, headers: part, range, line: null }
}
