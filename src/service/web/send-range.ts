import type { FastifyReply, FastifyRequest } from 'fastify'
import { requestedRange, type ByteRange } from './byte-range.js'
import { isUnmodified, type Validators } from './conditional.js'

/** Bytes that can be had in part. */
export interface Ranged {
  readonly size: number
  readonly validators: Validators
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Answers as far as that goes without the bytes: sets status and headers, and returns which bytes
 * are to follow. None do when the answer has been sent.
 */
export function beginRange(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, validators, headers }: Ranged,
): ByteRange | null {
  const { etag, lastModified } = validators
  reply.headers({ 'Accept-Ranges': 'bytes', ETag: etag, 'Last-Modified': lastModified })
  if (isUnmodified(request.headers, validators)) {
    reply.code(304).send()
    return null
  }
  const range = requestedRange(request.headers, size, validators)
  if (range === null) {
    reply.code(416).header('Content-Range', `bytes */${size}`).type('text/plain; charset=utf-8')
    reply.send('nothing of that range is in the file\n')
    return null
  }
  reply.headers(headers)
  if (range !== 'whole') {
    reply.code(206).header('Content-Range', `bytes ${range.start}-${range.end - 1}/${size}`)
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size } : range
  reply.header('Content-Length', String(end - start))
  if (request.method !== 'HEAD') return { start, end }
  reply.send()
  return null
}
