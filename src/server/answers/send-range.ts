import type { FastifyReply, FastifyRequest } from 'fastify'
import { requestedRanges, type ByteRange } from './byte-range.js'
import { endConditional, type Validators } from './conditional.js'
import { sendLine } from './errors.js'
import { asBody, asMultipart, type RangedBody } from './multipart-ranges.js'

/** A resource of which ranges can be sent. */
export interface Ranged {
  readonly size: number
  readonly validators: Validators & { readonly lastModified: string }
  readonly headers: Readonly<Record<string, string>> & { readonly 'Content-Type': string }
}

/**
 * Sets status and headers of the answer. Returns the body that the caller must send; null if the
 * answer is already complete, because it has no body or is an error.
 */
export function beginRange(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, validators, headers }: Ranged,
): RangedBody | null {
  const { etag, lastModified } = validators
  reply.headers({ 'Accept-Ranges': 'bytes', ETag: etag, 'Last-Modified': lastModified })
  if (endConditional(request, reply, validators)) return null
  // HEAD has no body of which a range could be sent
  const isHead = request.method === 'HEAD'
  const ranges = isHead ? 'whole' : requestedRanges(request.headers, size, validators)
  if (ranges === null) {
    reply.header('Content-Range', `bytes */${size}`)
    sendLine(reply, 416, `that range is outside the file; it has ${size} bytes`)
    return null
  }
  const body = rangedBody(ranges, size, headers['Content-Type'])
  reply.headers({ ...headers, 'Content-Type': body.contentType })
  reply.header('Content-Length', String(body.length))
  if (ranges !== 'whole') {
    reply.code(206)
    const [{ start, end } = { start: 0, end: 0 }, ...others] = ranges
    if (others.length === 0) reply.header('Content-Range', `bytes ${start}-${end - 1}/${size}`)
  }
  if (!isHead) return body
  reply.send()
  return null
}

function rangedBody(
  ranges: readonly ByteRange[] | 'whole',
  size: number,
  type: string,
): RangedBody {
  if (ranges === 'whole') return asBody({ start: 0, end: size }, type)
  const [only, ...others] = ranges
  return only && others.length === 0 ? asBody(only, type) : asMultipart(ranges, size, type)
}
