import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Mirror } from '../tree/mirror.js'
import { openInside, type OpenFile } from '../tree/open-inside.js'
import { beginRange, type Ranged } from '../../server/answers/send-range.js'
import { typeOfFile } from './content-type.js'
import { FileStream, type DownloadReads } from './file-stream.js'

/** An open file and the headers to send with it. */
export interface Download {
  readonly file: OpenFile
  readonly ranged: Ranged
}

/**
 * Opens a file that was looked up. The caller must send it, which closes it.
 * @throws Refusal
 */
export async function openDownload(found: ScannedFile, mirror: Mirror): Promise<Download> {
  const file = await openInside(found, mirror)
  try {
    return { file, ranged: await describe(file, found.path) }
  } catch (error) {
    await file.handle.close()
    throw error
  }
}

async function describe(
  { handle, fingerprint }: OpenFile,
  components: readonly string[],
): Promise<Ranged> {
  const name = components.at(-1) ?? ''
  const type = await typeOfFile(name, handle)
  const headers = {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
  }
  return { size: fingerprint.size, headers, validators: validatorsOf(fingerprint) }
}

function validatorsOf({ size, mtimeNs }: Fingerprint) {
  const etag = `"${size.toString(36)}-${mtimeNs.toString(36)}"`
  return { etag, lastModified: new Date(Number(mtimeNs / 1_000_000n)).toUTCString() }
}

/** A download, with the way its file is read. */
export interface BoundedDownload extends Download {
  readonly reads: DownloadReads
}

/** Sends an open file, or the range of it that was asked for. */
export async function sendDownload(
  request: FastifyRequest,
  reply: FastifyReply,
  { file, ranged, reads }: BoundedDownload,
): Promise<FastifyReply> {
  const range = beginRange(request, reply, ranged)
  if (range === null || range.start === range.end) {
    await file.handle.close()
    return range ? reply.send('') : reply
  }
  const stream = new FileStream(file.handle, range, reads)
  stream.once('end', () => {
    // The file became shorter: only the end of the connection shows the client that bytes are
    // missing
    if (stream.missing > 0) reply.raw.destroy()
  })
  return reply.send(stream)
}
