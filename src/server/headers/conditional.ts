import { createHash, randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { count } from '../../base/text/quantity.js'

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

/** Says that a request's conditions failed. */
export const OUTDATED = 'it has changed since the state that the request names; get it again'

/** Whether the client asks for a state that the resource has left. */
function isOutdated(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-match']
  // If-Match ignores weak tags
  if (tags !== undefined) {
    return tags.trim() !== '*' && (isWeak(etag) || !listTags(tags).includes(etag))
  }
  const since = headers['if-unmodified-since']
  if (since === undefined || lastModified === null) return false
  return Date.parse(lastModified) > Date.parse(inUtc(since))
}

/** Whether the client already has this state. */
function isUnmodified(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) {
    const opaque = (tag: string) => (isWeak(tag) ? tag.slice(2) : tag)
    return tags.trim() === '*' || listTags(tags).some((tag) => opaque(tag) === opaque(etag))
  }
  const since = headers['if-modified-since']
  return since !== undefined && isDate(since, lastModified)
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

/** Most ranges of one answer: zsync and dnf's zchunk ask for some dozens. */
const MOST_RANGES = 64

/**
 * The ranges that a request asks for (RFC 9110, section 14); those that touch or overlap are one.
 * `whole` if the request has no range, more than `most`, or a malformed one; null if the file has
 * no byte of them. The library range-parser is not used: it finds nothing in the last 1000 bytes of
 * a file of 200.
 */
export function requestedRanges(
  headers: IncomingHttpHeaders,
  { size, validators, mostRanges: most = MOST_RANGES }: Omit<Ranged, 'unmodified' | 'whole'>,
): readonly ByteRange[] | 'whole' | null {
  const [, list] = /^bytes=(.*)$/i.exec(headers.range?.trim() ?? '') ?? []
  if (list === undefined || !isSameState(headers['if-range'], validators)) return 'whole'
  const specs = list.split(',').flatMap((spec) => spec.trim() || [])
  if (specs.length === 0 || specs.length > most) return 'whole'
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const range = readRange(spec, size)
    if (range === 'whole') return 'whole'
    if (range) ranges.push(range)
  }
  return ranges.length === 0 ? null : ranges.reduce(joinRange, [])
}

/** Adds a range in the place of the first one that it touches (RFC 9110, section 15.3.7.2). */
function joinRange(joined: readonly ByteRange[], range: ByteRange): readonly ByteRange[] {
  const isApart = ({ start, end }: ByteRange) => start > range.end || range.start > end
  const first = joined.findIndex((other) => !isApart(other))
  if (first < 0) return [...joined, range]
  const touching = [range, ...joined.filter((other) => !isApart(other))]
  const start = Math.min(...touching.map((each) => each.start))
  const end = Math.max(...touching.map((each) => each.end))
  const behind = joined.slice(first).filter(isApart)
  return [...joined.slice(0, first), { start, end }, ...behind]
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

/** A range in a body, and the text before it. */
export interface BodyPart {
  readonly head: string
  readonly range: ByteRange
}

/** The answer to a request for a resource, without its body. */
export interface RangedAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  /** The parts of the body; none for HEAD, and beside a line. */
  readonly parts: readonly BodyPart[]
  /** Text behind the last part. */
  readonly tail: string
  /** The body of an error; null for none. */
  readonly line: string | null
}

/** A resource of which ranges can be sent. */
export interface Ranged {
  readonly size: number
  /** More are not sent (default: 64). */
  readonly mostRanges?: number
  readonly validators: Validators
  /** The usual answers: their headers are put together only once. */
  readonly unmodified: RangedAnswer
  readonly whole: RangedAnswer
}

/** Prepares the answers for a resource from its own headers, and others that all answers have. */
export function asRanged(
  resource: Omit<Ranged, 'unmodified' | 'whole'>,
  own: RangedAnswer['headers'],
  beside: RangedAnswer['headers'] = {},
): Ranged {
  const { etag, lastModified } = resource.validators
  const dated = lastModified !== null && { 'Last-Modified': lastModified }
  const always = { ...beside, 'Accept-Ranges': 'bytes', ETag: etag, ...dated }
  const unmodified = { status: 304, headers: always, parts: [], tail: '', line: null }
  const headers = { ...always, ...own, 'Content-Length': String(resource.size) }
  const parts = [{ head: '', range: { start: 0, end: resource.size } }]
  return { ...resource, unmodified, whole: { ...unmodified, status: 200, headers, parts } }
}

/** Decides what a request for a resource gets: all of it, ranges, or only a status. */
export function answerRanged(
  { method, headers: given }: Pick<IncomingMessage, 'method' | 'headers'>,
  ranged: Ranged,
): RangedAnswer {
  const { size, validators, unmodified, whole } = ranged
  const verdict = checkConditions(given, validators)
  if (verdict === 'unmodified') return unmodified
  if (verdict === 'failed') return { ...unmodified, status: 412, line: `${OUTDATED}\n` }
  // It has no body of which a range could be sent
  if (method === 'HEAD') return { ...whole, parts: [] }
  const ranges = given.range === undefined ? 'whole' : requestedRanges(given, ranged)
  if (ranges === 'whole') return whole
  if (ranges === null) {
    const line = `that range is outside the file; it has ${count(size, 'byte')}\n`
    const headers = { ...unmodified.headers, 'Content-Range': `bytes */${size}` }
    return { ...unmodified, status: 416, headers, line }
  }
  const body = bodyOf(ranges, size, whole.headers['Content-Type'] ?? '')
  return { ...whole, ...body, status: 206, headers: { ...whole.headers, ...body.headers } }
}

/**
 * The body of some ranges of a resource: several are parts of a message (RFC 9110, section 14.6).
 */
function bodyOf(ranges: readonly ByteRange[], size: number, type: string) {
  const place = ({ start, end }: ByteRange) => `bytes ${start}-${end - 1}/${size}`
  const boundary = ranges.length > 1 ? randomBytes(16).toString('hex') : ''
  const parts = ranges.map((range) => {
    const about = `Content-Type: ${type}\r\nContent-Range: ${place(range)}`
    return { head: boundary && `\r\n--${boundary}\r\n${about}\r\n\r\n`, range }
  })
  const tail = boundary && `\r\n--${boundary}--\r\n`
  const lengthOf = ({ head, range }: BodyPart) => head.length + range.end - range.start
  const length = parts.reduce((sum, part) => sum + lengthOf(part), tail.length)
  const own = boundary
    ? { 'Content-Type': `multipart/byteranges; boundary=${boundary}` }
    : { 'Content-Range': ranges.map(place).join() }
  return { parts, tail, headers: { ...own, 'Content-Length': String(length) } }
}
