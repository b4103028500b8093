import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { callWithin, isTimeout } from '../../bounded-call.js'
import { addReadRoute } from '../../server/answers/accept.js'
import { malformed, notPermitted, Refusal } from '../../server/answers/refusal.js'
import { beginRange, type Ranged } from '../../server/answers/conditional.js'
import { BODY_COST } from '../admission/admission.js'
import type { MemoryAccount } from '../admission/memory-pool.js'
import type { ServiceOptions } from '../options.js'
import { askedVersion } from '../requests/asked-view.js'
import { requestPath } from '../requests/request-path.js'
import type { Requesters } from '../requests/requester.js'
import type { TorrentSender } from '../torrents/response.js'
import type { PathSets } from './path-sets.js'
import { BLOCK_SIZE, parseDigest, singleSet } from './set.js'

const ZEROS = Buffer.alloc(BLOCK_SIZE)

/** Null files never change, so their date is the earliest. */
const LAST_MODIFIED = new Date(0).toUTCString()

const HEADERS = {
  'Content-Type': 'application/octet-stream',
  'Cache-Control': 'public, max-age=31536000, immutable',
}

interface NullFile extends Omit<Ranged, 'size'> {
  readonly bytes: Uint8Array
}

/** Segments of an address before the path in `/<name>/<service>/single/<path>`. */
const BEFORE_PATH = 3

interface Route {
  Params: { readonly digest: string; readonly spec: string }
}

export interface PkgtorrentParts {
  readonly options: ServiceOptions
  readonly sets: PathSets
  readonly sender: TorrentSender
  readonly requesters: Requesters
}

/** Adds the pkgtorrent protocol, under `/<name>/<service name>/` for any name. */
export function addPkgtorrentRoutes(app: FastifyInstance, parts: PkgtorrentParts): void {
  const { sets, sender, requesters } = parts
  const { serviceName, limits } = parts.options
  const mount = `/:mount/${serviceName}`

  addReadRoute<Route>(app, `${mount}/digest/:digest`, async (request, reply) => {
    const requester = requesters.of(request, reply)
    const set = sets.known(parseDigest(request.params.digest))
    if (!set) return sendUnknown(reply)
    return sender.send(request, reply, { checked: await sets.obtain(set, requester) })
  })

  app.post<Route>(`${mount}/digest/:digest`, async (request, reply) => {
    const requester = requesters.of(request, reply)
    const digest = parseDigest(request.params.digest)
    const form = await readForm(request, reply, { ...limits, memory: requester.memory })
    const set = await sets.posted(form, digest, requester)
    return sender.send(request, reply, { checked: await sets.obtain(set, requester) })
  })

  for (const mode of ['single', 'simple']) {
    addReadRoute<Route>(app, `${mount}/${mode}/*`, async (request, reply) => {
      const { url = '' } = request.raw
      const set = singleSet(requestPath(url, BEFORE_PATH), askedVersion(url))
      const checked = await sets.obtain(set, requesters.of(request, reply))
      return sender.send(request, reply, { checked })
    })
  }

  addReadRoute<Route>(app, `${mount}/nullfile/:spec`, (request, reply) => {
    const { bytes, ...ranged } = findNullFile(request.params.spec)
    const range = beginRange(request, reply, { size: bytes.length, ...ranged })
    return range ? reply.send(bytes.subarray(range.start, range.end)) : reply
  })
}

/** Reads the form of a request. If it is refused before its end, the connection is closed. */
async function readForm(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  limits: BodyLimits,
): Promise<Buffer> {
  try {
    return await readBody(raw, limits)
  } catch (error) {
    reply.header('Connection', 'close')
    throw error
  }
}

/** Answers 412 instead of 404, which caches would keep. */
function sendUnknown(reply: FastifyReply): FastifyReply {
  return reply
    .code(412)
    .headers({
      'Cache-Control': 'no-cache, no-store, must-revalidate',
      Pragma: 'no-cache',
      Expires: '0',
      'Content-Length': '0',
    })
    .send()
}

/**
 * The file of zeros with the name `<size>_<n>`.
 * @throws Refusal if the name has another form, or the file would be longer than a piece
 */
function findNullFile(name: string): NullFile {
  const size = Number(/^(\d+)_\d+$/.exec(name)?.[1] ?? NaN)
  if (Number.isNaN(size)) throw malformed('not the name of a null file; use <size>_<n>')
  if (size > BLOCK_SIZE) throw notPermitted(`a null file of more than ${BLOCK_SIZE} bytes`)
  const validators = { etag: `"null-${size}"`, lastModified: LAST_MODIFIED }
  return { bytes: ZEROS.subarray(0, size), validators, headers: HEADERS }
}

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
