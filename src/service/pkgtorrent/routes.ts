import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SetRecord } from '../../cache/records/set.js'
import { malformed } from '../refusal.js'
import { addReadRoute } from '../web/read-route.js'
import { beginRange } from '../web/send-range.js'
import { requestPath } from '../web/request-path.js'
import type { TorrentSender } from '../torrents/send.js'
import type { PathSets } from './path-sets.js'
import { parsePaths } from './form.js'
import { findNullFile } from './null-file.js'
import { digestOfSet, parseDigest } from './set.js'

/** Segments of an address before the path in `/<name>/<service>/single/<path>`. */
const BEFORE_PATH = 3

interface Route {
  Params: { readonly digest: string; readonly spec: string }
  Body: Uint8Array
}

/** The pkgtorrent protocol, under `/<name>/<service name>/` for any name. */
export function addPkgtorrentRoutes(
  app: FastifyInstance,
  sets: PathSets,
  sender: TorrentSender,
): void {
  const { serviceName, limits } = sets.options
  const mount = `/:mount/${serviceName}`
  const answer = async (set: SetRecord, request: FastifyRequest<Route>, reply: FastifyReply) => {
    return sender.send(request, reply, await sets.obtain(set, sender.waitLimitOf(request, reply)))
  }

  addReadRoute<Route>(app, `${mount}/digest/:digest`, (request, reply) => {
    const set = sets.known(parseDigest(request.params.digest))
    return set ? answer(set, request, reply) : sendUnknown(reply)
  })

  app.post<Route>(`${mount}/digest/:digest`, (request, reply) => {
    const digest = parseDigest(request.params.digest)
    const set = { isSingle: false, paths: parsePaths(request.body, limits.maxPaths) }
    if (digestOfSet(set) === digest) return answer(set, request, reply)
    throw malformed('the paths do not hash to the digest in the address')
  })

  for (const mode of ['single', 'simple']) {
    addReadRoute<Route>(app, `${mount}/${mode}/*`, (request, reply) => {
      const path = requestPath(request.raw.url ?? '', BEFORE_PATH)
      return answer({ isSingle: true, paths: [path] }, request, reply)
    })
  }

  addReadRoute<Route>(app, `${mount}/nullfile/:spec`, (request, reply) => {
    const { bytes, ...ranged } = findNullFile(request.params.spec)
    const range = beginRange(request, reply, { size: bytes.length, ...ranged })
    return range ? reply.send(bytes.subarray(range.start, range.end)) : reply
  })
}

/** Not 404, which caches on the way would keep. */
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
