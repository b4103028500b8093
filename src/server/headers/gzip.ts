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
