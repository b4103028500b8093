import { createHash, createHmac } from 'node:crypto'

/** The digest algorithms that torrents use. */
export type DigestAlgorithm = 'sha1' | 'sha256'

/** Returns the digest of `bytes`, or of the UTF-8 bytes of a text. */
export function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array | string): Buffer {
  return createHash(algorithm).update(bytes).digest()
}

/** Returns HMAC-SHA-256 (RFC 2104) of the parts together; texts count as UTF-8. */
export function hmacOf(key: Uint8Array, parts: readonly (Uint8Array | string)[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}
