import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OpenFile } from '../mirror/open-inside.js'
import type { BodyPart } from '../web/multipart-ranges.js'
import { forwardedOf } from '../workers/forwarded-request.js'

/** A file that is asked for, and what of it. */
export interface WantedParts {
  readonly file: OpenFile
  readonly parts: readonly BodyPart[]
}

/**
 * Leaves it to the worker that a request came to, to send one stretch of a file: all else about the
 * answer is settled here, and its body is to be empty then. False when there is no such worker, or
 * the answer has several stretches.
 */
export function handOver(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { file, parts }: WantedParts,
): boolean {
  const forwarded = forwardedOf(raw)
  const [only, ...others] = parts
  if (!forwarded?.takesFiles || !only || others.length > 0) return false
  const { absolutePath, fingerprint } = file
  forwarded.handOver({ absolutePath, fingerprint, start: only.start, end: only.end })
  reply.header('Content-Length', '0')
  return true
}
