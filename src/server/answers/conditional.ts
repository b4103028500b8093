import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendLine } from './errors.js'

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
