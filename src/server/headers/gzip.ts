import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** Bytes from which a page is compressed: more than an error in a line. */
const WORTH_PACKING = 1024

const pack = promisify(gzip)

/** Returns a page compressed by gzip; null if its client does not accept that, or it is short. */
export async function packedFor(
  headers: IncomingHttpHeaders,
  page: Uint8Array,
): Promise<Buffer | null> {
  const isPacked = page.length >= WORTH_PACKING && acceptsGzip(headers)
  return isPacked ? pack(page, { level: 5 }) : null
}

/** Whether a client accepts gzip (RFC 9110, section 12.5.3). */
export function acceptsGzip({ 'accept-encoding': accepted = '' }: IncomingHttpHeaders): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accepted)
}

/** The Vary field of an answer that also depends on the encodings that its client accepts. */
export function varyByEncoding(vary = ''): string {
  if (/accept-encoding/i.test(vary)) return vary
  return vary === '' ? 'Accept-Encoding' : `${vary}, Accept-Encoding`
}

/** The types that are worth packing: pages, their styles and their scripts. */
const PACKED = /^text\/(?:html|css|javascript)/

/** Makes an application compress all its pages. */
export function packPages(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isPage = PACKED.test(String(reply.getHeader('Content-Type')))
    if (!isPage || reply.hasHeader('Content-Encoding')) return payload
    const page = typeof payload === 'string' ? Buffer.from(payload) : payload
    if (!(page instanceof Uint8Array)) return payload
    reply.header('Vary', varyByEncoding(String(reply.getHeader('Vary') ?? '')))
    const packed = await packedFor(request.headers, page)
    if (!packed) return payload
    const etag = reply.getHeader('ETag')
    if (typeof etag === 'string') reply.header('ETag', etag.replace(/^"/, 'W/"'))
    reply.headers({ 'Content-Encoding': 'gzip', 'Content-Length': String(packed.length) })
    return packed
  })
}
