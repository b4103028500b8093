import type { FastifyInstance, FastifyReply } from 'fastify'
import mime from 'mime'
import type { Fingerprint } from '../../files/fingerprint.js'
import { parseMirrorPath } from '../mirror/mirror-path.js'
import { MirrorView, type Mirror } from '../mirror/mirror.js'
import { openInside, type OpenFile } from '../mirror/open-inside.js'
import type { ByteRange } from '../web/byte-range.js'
import { addReadRoute } from '../web/read-route.js'
import { requestPath } from '../web/request-path.js'
import { beginRange } from '../web/send-range.js'

/** Bytes read at a time: more are no faster, and each client that reads slowly holds as many. */
const CHUNK = 64 * 1024

/** The mirror's files themselves, so that the web seeds of its torrents work. */
export function addDownloadRoutes(app: FastifyInstance, mirror: Mirror): void {
  addReadRoute(app, '/*', async (request, reply) => {
    const components = parseMirrorPath(requestPath(request.raw.url ?? ''))
    const file = await openInside(await new MirrorView(mirror).file(components), mirror)
    const { size } = file.fingerprint
    const headers = {
      'Content-Type': mime.getType(components.at(-1) ?? '') ?? 'application/octet-stream',
      'X-Content-Type-Options': 'nosniff',
    }
    const ranged = { size, headers, validators: validatorsOf(file.fingerprint) }
    const range = beginRange(request, reply, ranged)
    if (range && range.end > range.start) return sendFile(reply, file, range)
    await file.handle.close()
    return range ? reply.send('') : reply
  })
}

function validatorsOf({ size, mtimeNs }: Fingerprint) {
  const etag = `"${size.toString(36)}-${mtimeNs.toString(36)}"`
  return { etag, lastModified: new Date(Number(mtimeNs / 1_000_000n)).toUTCString() }
}

/** Sends a stretch of an open file, and closes it. */
function sendFile(reply: FastifyReply, { handle }: OpenFile, range: ByteRange): FastifyReply {
  const { start, end } = range
  const stream = handle.createReadStream({ start, end: end - 1, highWaterMark: CHUNK })
  stream.once('end', () => {
    // The file got shorter: only the end of the connection tells the client that bytes are missing
    if (stream.bytesRead < end - start) reply.raw.destroy()
  })
  return reply.send(stream)
}
