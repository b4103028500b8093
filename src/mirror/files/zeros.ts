import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerRanged, asRanged } from '../../server/headers/conditional.js'

/**
 * Most bytes of a pad file: no piece of a torrent made here is longer, unless a setting says so.
 */
const MOST_PADDING = 2 ** 24

/** Shared by all answers. The system gives it no memory of its own, because it is never written. */
const ZEROS = Buffer.alloc(MOST_PADDING)

/** Null files never change, so their date is the earliest. */
const LAST_MODIFIED = new Date(0).toUTCString()

const HEADERS = {
  'Content-Type': 'application/octet-stream',
  'Cache-Control': 'public, max-age=31536000, immutable',
}

/** The length of the pad file at a path, as torrents name it (BEP 47); null if it is none. */
export function paddingAt(components: readonly string[]): number | null {
  const [directory, name = ''] = components.slice(-2)
  const isPad = directory === '.pad' && /^[1-9]\d*$/.test(name) && Number(name) <= MOST_PADDING
  return isPad ? Number(name) : null
}

/** Sends a file of zeros, or the range of it that was asked for. */
export function sendZeros(
  request: FastifyRequest,
  reply: FastifyReply,
  size: number,
): FastifyReply {
  const validators = { etag: `"null-${size}"`, lastModified: LAST_MODIFIED }
  const answer = answerRanged(request.raw, asRanged({ size, validators, mostRanges: 1 }, HEADERS))
  reply.code(answer.status).headers(answer.headers)
  if (answer.line !== null) return reply.type('text/plain; charset=utf-8').send(answer.line)
  const { range } = answer.parts[0] ?? {}
  return reply.send(range && ZEROS.subarray(range.start, range.end))
}
