import type { IncomingMessage } from 'node:http'
import { callWithin, isTimeout } from '../../bounded-call.js'
import { BODY_COST } from '../admission/admission.js'
import type { MemoryAccount } from '../admission/memory-pool.js'
import { malformed, Refusal } from '../../server/answers/refusal.js'

export interface BodyLimits {
  /** Most bytes of a body. */
  readonly maxBody: number
  /** Milliseconds before the body must be complete. */
  readonly bodyTimeout: number
  /** The account that is charged with the body as it arrives. */
  readonly memory: MemoryAccount
}

/**
 * Reads the body of a request.
 * @throws Refusal if it is too long, too slow or incomplete, or if there is no memory for it
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  try {
    const timing = { timeoutMs: limits.bodyTimeout }
    return await callWithin(timing, (signal) => collect(request, limits, signal))
  } catch (error) {
    if (isTimeout(error)) throw new Refusal('stalled', 'the body arrives too slowly')
    throw error
  }
}

async function collect(
  request: IncomingMessage,
  { maxBody, memory }: BodyLimits,
  signal: AbortSignal,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBody) throw tooLong()
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of bytesOf(request)) {
    signal.throwIfAborted()
    length += chunk.length
    if (length > maxBody) throw tooLong()
    memory.take(BODY_COST * chunk.length)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function* bytesOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    // The connection is still needed after a part of the body
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer
  } catch {
    throw malformed('the body is incomplete; send it again')
  }
}

function tooLong(): Refusal {
  return new Refusal('too-large', 'the body is too large')
}
