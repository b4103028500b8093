import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { endConditional } from './conditional.js'

/** A short answer that is sent whole. */
export interface ShortAnswer {
  readonly body: Uint8Array
  readonly type: string
  /** HTTP date. */
  readonly lastModified: string
  /** Whether no other answer can have the same date. */
  readonly isSettled: boolean
}

/** Sends a short body with an ETag made from its content, or 304 if the client has it. */
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
