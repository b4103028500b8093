import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Fingerprint } from '../../files/fingerprint.js'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import { parseMirrorPath } from '../mirror/mirror-path.js'
import { MirrorView, type Mirror } from '../mirror/mirror.js'
import { openInside, type OpenFile } from '../mirror/open-inside.js'
import { contentTypeOf } from './content-type.js'
import { FileStream } from './file-stream.js'
import { addReadRoute } from '../web/read-route.js'
import { requestPath } from '../web/request-path.js'
import type { ServiceOptions } from '../options.js'
import { beginRange } from '../web/send-range.js'

/** The mirror's files themselves, so that the web seeds of its torrents work. */
export function addDownloadRoutes(
  app: FastifyInstance,
  { mirror, limits }: Pick<ServiceOptions, 'mirror' | 'limits'>,
): void {
  const reads = new ConcurrencyLimit(limits.maxReads)
  addReadRoute(app, '/*', async (request, reply) => {
    const components = parseMirrorPath(requestPath(request.raw.url ?? ''))
    const file = await reads.run(() => openPublished(components, mirror))
    const { size } = file.fingerprint
    const headers = {
      'Content-Type': contentTypeOf(components.at(-1) ?? ''),
      'X-Content-Type-Options': 'nosniff',
    }
    const ranged = { size, headers, validators: validatorsOf(file.fingerprint) }
    const range = beginRange(request, reply, ranged)
    if (range && range.end > range.start)
      return sendFile(reply, new FileStream(file.handle, range, reads))
    await file.handle.close()
    return range ? reply.send('') : reply
  })
}

async function openPublished(components: readonly string[], mirror: Mirror): Promise<OpenFile> {
  return openInside(await new MirrorView(mirror).file(components), mirror)
}

function validatorsOf({ size, mtimeNs }: Fingerprint) {
  const etag = `"${size.toString(36)}-${mtimeNs.toString(36)}"`
  return { etag, lastModified: new Date(Number(mtimeNs / 1_000_000n)).toUTCString() }
}

/** Sends a stretch of a file. */
function sendFile(reply: FastifyReply, stream: FileStream): FastifyReply {
  stream.once('end', () => {
    // The file got shorter: only the end of the connection tells the client that bytes are missing
    if (stream.missing > 0) reply.raw.destroy()
  })
  return reply.send(stream)
}
