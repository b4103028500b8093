import type { FastifyReply, FastifyRequest } from 'fastify'
import { requestedRange, type ByteRange } from './byte-range.js'
import { endConditional, type Validators } from './conditional.js'
import { sendLine } from './errors.js'

/** Bytes that can be had in part. */
export interface Ranged {
  readonly size: number
  readonly validators: Validators & { readonly lastModified: string }
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Sets status and headers of the answer, and returns the bytes that the caller is to send; null when
 * the answer has been sent, as it has no body or is an error.
 */
export function beginRange(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, validators, headers }: Ranged,
): ByteRange | null {
  const { etag, lastModified } = validators
  reply.headers({ 'Accept-Ranges': 'bytes', ETag: etag, 'Last-Modified': lastModified })
  if (endConditional(request, reply, validators)) return null
  // A range is one of the bytes that follow, which to HEAD none do
  const isHead = request.method === 'HEAD'
  const range = isHead ? 'whole' : requestedRange(request.headers, size, validators)
  if (range === null) {
    reply.header('Content-Range', `bytes */${size}`)
    sendLine(reply, 416, 'nothing of that range is in the file')
    return null
  }
  reply.headers(headers)
  if (range !== 'whole') {
    reply.code(206).header('Content-Range', `bytes ${range.start}-${range.end - 1}/${size}`)
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size } : range
  reply.header('Content-Length', String(end - start))
  if (!isHead) return { start, end }
  reply.send()
  return null
}
