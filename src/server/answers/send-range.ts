import type { FastifyReply, FastifyRequest } from 'fastify'
import { requestedRange, type ByteRange } from './byte-range.js'
import { endConditional, type Validators } from './conditional.js'
import { sendLine } from './errors.js'

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
