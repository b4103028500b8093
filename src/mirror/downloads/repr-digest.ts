import type { IncomingHttpHeaders } from 'node:http'

/** A client refuses the digest by a preference of 0 (RFC 9530, section 4). */
const UNWANTED = /(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|$)/

/**
 * The header with the digest of a whole file, if it is known and not refused (RFC 9530, section 3).
 */
export function reprDigest(
  { 'want-repr-digest': wanted }: IncomingHttpHeaders,
  digest: Uint8Array | null,
): Readonly<Record<string, string>> {
  if (digest === null || UNWANTED.test([wanted ?? []].flat().join(','))) return {}
  return { 'Repr-Digest': `sha-256=:${Buffer.from(digest).toString('base64')}:` }
}
