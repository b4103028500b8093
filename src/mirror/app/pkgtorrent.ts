import { SERVICE_NAME } from '../tree/mirror.js'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { callWithin, isTimeout } from '../../base/bounded-call.js'
import { BODY_COST } from './admission.js'
import type { MemoryAccount } from '../../server/admission/memory.js'
import { sendZeros } from '../files/zeros.js'
import type { ServiceOptions } from '../options.js'
import { BLOCK_SIZE } from '../torrents/content.js'
import { parseDigest, type PathSets, singleSet } from '../torrents/path-sets.js'
import { readQuery, requestPath } from '../tree/address.js'
import { Requester, type Requesters } from '../../server/admission/requester.js'
import type { TorrentSender } from '../views/response.js'
import { addReadRoute } from '../../server/headers/accept.js'
import { malformed, notPermitted, Refusal } from '../../server/headers/refusal.js'

/** Segments of an address before the path in `/<name>/<service>/single/<path>`. */
const BEFORE_PATH = 3

interface Route {
  Params: { readonly digest: string; readonly spec: string }
}

/** Adds the pkgtorrent protocol, under `/<name>/<service name>/` for any name. */
export function addPkgtorrentRoutes(
  app: FastifyInstance,
  { limits }: ServiceOptions,
  sets: PathSets,
  sender: TorrentSender,
  requesters: Requesters,
): void {
  const mount = `/:mount/${SERVICE_NAME}`

  addReadRoute<Route>(app, `${mount}/digest/:digest`, async (request, reply) => {
    const requester = new Requester(reply, requesters)
    const set = sets.known(parseDigest(request.params.digest))
    // A client that asks by a digest wants a directory
    if (!set || set.isSingle) return sendUnknown(reply)
    return sender.send(request, reply, await sets.obtain(set, requester))
  })

  app.post<Route>(`${mount}/digest/:digest`, async (request, reply) => {
    const requester = new Requester(reply, requesters)
    const digest = parseDigest(request.params.digest)
    const form = await readForm(request, reply, limits, requester.memory)
    const set = await sets.posted(form, digest, requester)
    return sender.send(request, reply, await sets.obtain(set, requester))
  })

  for (const mode of ['single', 'simple']) {
    addReadRoute<Route>(app, `${mount}/${mode}/*`, async (request, reply) => {
      const { url = '' } = request.raw
      const set = singleSet(requestPath(url, BEFORE_PATH), readQuery(url).version)
      const checked = await sets.obtain(set, new Requester(reply, requesters))
      return sender.send(request, reply, checked)
    })
  }

  addReadRoute<Route>(app, `${mount}/nullfile/:spec`, (request, reply) => {
    return sendZeros(request, reply, sizeOfNullFile(request.params.spec))
  })
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
 * The size of the file of zeros with the name `<size>_<n>`.
 * @throws Refusal if the name has another form, or the file would be longer than a piece
 */
function sizeOfNullFile(name: string): number {
  const size = Number(/^(\d+)_\d+$/.exec(name)?.[1] ?? NaN)
  if (Number.isNaN(size)) throw malformed('not the name of a null file; use <size>_<n>')
  if (size > BLOCK_SIZE) throw notPermitted(`a null file of more than ${BLOCK_SIZE} bytes`)
  return size
}

/**
 * Reads the form of a request. If it is refused before its end, the connection is closed.
 * @throws Refusal if it is too long, too slow or incomplete, or if there is no memory for it
 */
async function readForm(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { maxBody, bodyTimeout }: ServiceOptions['limits'],
  memory: MemoryAccount,
): Promise<Buffer> {
  try {
    const timing = { timeoutMs: bodyTimeout }
    return await callWithin(timing, (signal) => readBody(raw, maxBody, memory, signal))
  } catch (error) {
    reply.header('Connection', 'close')
    if (isTimeout(error)) throw new Refusal('stalled', 'the body arrives too slowly')
    throw error
  }
}

async function readBody(
  request: IncomingMessage,
  maxBody: number,
  memory: MemoryAccount,
  signal: AbortSignal,
): Promise<Buffer> {
  const tooLong = new Refusal('too-large', 'the body is too large')
  if (Number(request.headers['content-length'] ?? 0) > maxBody) throw tooLong
  const chunks: Buffer[] = []
  let length = 0
  try {
    // The connection is still needed after a part of the body
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer
      signal.throwIfAborted()
      length += bytes.length
      if (length > maxBody) throw tooLong
      memory.take(BODY_COST * bytes.length)
      chunks.push(bytes)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Refusal) throw error
    throw malformed('the body is incomplete; send it again')
  }
  return Buffer.concat(chunks)
}
