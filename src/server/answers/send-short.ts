import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { endConditional } from './conditional.js'

/** A short answer, whole. */
export interface ShortAnswer {
  readonly body: Uint8Array
  readonly type: string
  /** As HTTP writes dates. */
  readonly lastModified: string
  /** Whether no other answer could have the same date. */
  readonly isSettled: boolean
}

/** Sends bytes that are told from others by what they are, or word that the client has them. */
export function sendShort(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, type, lastModified, isSettled }: ShortAnswer,
): FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
  reply.headers({ ETag: etag, 'Last-Modified': lastModified, 'Cache-Control': 'no-cache' })
  const date = isSettled ? lastModified : null
  if (endConditional(request, reply, { etag, lastModified: date })) return reply
  return reply.headers({ 'Content-Type': type, 'Content-Length': String(body.length) }).send(body)
}
