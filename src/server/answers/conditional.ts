import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendLine } from './errors.js'

/** What tells one state of a resource from another. */
export interface Validators {
  /** In quotes; with `W/` before them if it says less than that all bytes are equal. */
  readonly etag: string
  /** As HTTP writes dates; null when it could be that of another state as well. */
  readonly lastModified: string | null
}

/** What becomes of a request with conditions: it is done, or need not be, or must not be. */
export type Verdict = 'met' | 'unmodified' | 'failed'

/**
 * Whether a request's conditions hold, in the order of RFC 9110, section 13.2.2. The
 * library fresh is not used: it takes any later date for If-Modified-Since, though a file may be
 * replaced by an older one.
 */
export function checkConditions(headers: IncomingHttpHeaders, validators: Validators): Verdict {
  if (isOutdated(headers, validators)) return 'failed'
  return isUnmodified(headers, validators) ? 'unmodified' : 'met'
}

/** Ends a request whose conditions do not hold with 304 or 412; false when it is to be done. */
export function endConditional(
  request: FastifyRequest,
  reply: FastifyReply,
  validators: Validators,
): boolean {
  const verdict = checkConditions(request.headers, validators)
  if (verdict === 'unmodified') reply.code(304).send()
  if (verdict === 'failed') sendLine(reply, 412, 'it is no longer what the request was made for')
  return verdict !== 'met'
}

/** Whether the client asks for a state that the resource is no longer in. */
function isOutdated(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-match']
  // Weak tags don't count here
  if (tags !== undefined) {
    return tags.trim() !== '*' && (isWeak(etag) || !listTags(tags).includes(etag))
  }
  const wanted = Date.parse(headers['if-unmodified-since'] ?? '')
  return lastModified !== null && Date.parse(lastModified) > wanted
}

/** Whether a client has this state already. */
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
