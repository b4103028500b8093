import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendLine } from './refusal.js'

/** ETag and date that distinguish one state of a resource from another. */
export interface Validators {
  /** In quotes; a tag with `W/` in front does not promise that all bytes are equal. */
  readonly etag: string
  /** HTTP date; null if another state could have the same date. */
  readonly lastModified: string | null
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

/** Answers 304 or 412 if a request's conditions do not hold; returns false if they hold. */
export function endConditional(
  request: FastifyRequest,
  reply: FastifyReply,
  validators: Validators,
): boolean {
  const verdict = checkConditions(request.headers, validators)
  if (verdict === 'unmodified') reply.code(304).send()
  if (verdict === 'failed')
    sendLine(reply, 412, 'it has changed since the state that the request names; get it again')
  return verdict !== 'met'
}

/** Whether the client asks for a state that the resource has left. */
function isOutdated(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-match']
  // If-Match ignores weak tags
  if (tags !== undefined) {
    return tags.trim() !== '*' && (isWeak(etag) || !listTags(tags).includes(etag))
  }
  const wanted = Date.parse(headers['if-unmodified-since'] ?? '')
  return lastModified !== null && Date.parse(lastModified) > wanted
}

/** Whether the client already has this state. */
function isUnmodified(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) {
    const opaque = (tag: string) => (isWeak(tag) ? tag.slice(2) : tag)
    return tags.trim() === '*' || listTags(tags).some((tag) => opaque(tag) === opaque(etag))
  }
  return lastModified !== null && headers['if-modified-since'] === lastModified
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
function isSameState(condition: unknown, { etag, lastModified }: Validators): boolean {
  return condition === undefined || condition === etag || condition === lastModified
}

function readRange(spec: string, size: number): ByteRange | 'whole' | null {
  const [, first = '', last = ''] = /^(\d{0,16})-(\d{0,16})$/.exec(spec) ?? []
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
  readonly validators: Validators & { readonly lastModified: string }
  readonly headers: Readonly<Record<string, string>> & { readonly 'Content-Type': string }
}

/**
 * Sets status and headers of the answer. Returns the range that the caller must send; null if the
 * answer is already complete, because it has no body or is an error.
 */
export function beginRange(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, validators, headers }: Ranged,
): ByteRange | null {
  const { etag, lastModified } = validators
  reply.headers({ 'Accept-Ranges': 'bytes', ETag: etag, 'Last-Modified': lastModified })
  if (endConditional(request, reply, validators)) return null
  // HEAD has no body of which a range could be sent
  const isHead = request.method === 'HEAD'
  const range = isHead ? 'whole' : requestedRange(request.headers, size, validators)
  if (range === null) {
    reply.header('Content-Range', `bytes */${size}`)
    sendLine(reply, 416, `that range is outside the file; it has ${size} bytes`)
    return null
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size } : range
  reply.headers({ ...headers, 'Content-Length': String(end - start) })
  if (range !== 'whole') {
    reply.code(206).header('Content-Range', `bytes ${start}-${end - 1}/${size}`)
  }
  if (!isHead) return { start, end }
  reply.send()
  return null
}
