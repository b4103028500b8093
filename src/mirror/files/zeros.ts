import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import { answerRanged, asRanged } from '../../server/headers/conditional.js'

/**
 * Most bytes of a pad file: no piece of a torrent made here is longer, unless a setting says so.
 */
const MOST_PADDING = 2 ** 24

/** Sent again and again, and shared by all answers. */
const ZEROS = Buffer.alloc(64 * 1024)

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
  const { start, end } = answer.parts[0]?.range ?? { start: 0, end: 0 }
  const blocks = Array<Uint8Array>(Math.floor((end - start) / ZEROS.length)).fill(ZEROS)
  const response = reply.hijack().raw as CountedResponse
  response.writeHead(answer.status, reply.getHeaders() as Record<string, string>)
  response.endInParts([...blocks, ZEROS.subarray(0, (end - start) % ZEROS.length)])
  return reply
}
