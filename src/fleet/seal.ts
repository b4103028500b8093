import { timingSafeEqual } from 'node:crypto'
import { hmacOf } from '../base/bytes.js'

/**
 * Without seals, everybody who reaches the Redis of a fleet could put wrong digests into torrents.
 * The version is that of all keys and sealed bytes: other versions have other keys and MACs.
 */
export const VERSION = 'btkit1'

/** Length of HMAC-SHA-256 in bytes. */
export const MAC = 32

/** Puts a MAC by the first key before bytes. It covers also the subject that they belong to. */
export function seal(subject: string, bytes: Uint8Array, [key]: readonly Uint8Array[]): Buffer {
  if (key === undefined) throw new Error('there is no key')
  return Buffer.concat([macOf(subject, bytes, key), bytes])
}

/** Returns the bytes after a MAC by one of the keys; null for anything else. */
export function unseal(
  subject: string,
  sealed: Uint8Array,
  keys: readonly Uint8Array[],
): Uint8Array | null {
  const [mac, bytes] = [sealed.subarray(0, MAC), sealed.subarray(MAC)]
  if (mac.length < MAC) return null
  return keys.some((key) => timingSafeEqual(macOf(subject, bytes, key), mac)) ? bytes : null
}

function macOf(subject: string, bytes: Uint8Array, key: Uint8Array): Buffer {
  return hmacOf(key, [`${VERSION}\0${subject.length}\0${subject}\0`, bytes])
}
