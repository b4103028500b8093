import { createHash } from 'node:crypto'
import type { SetRecord } from '../../cache/records/set.js'
import { malformed } from '../refusal.js'

/** The digest of a set: the SHA-1, in hex, of its paths joined by newlines. */
export function digestOfSet({ paths }: Pick<SetRecord, 'paths'>): string {
  return createHash('sha1').update(paths.join('\n')).digest('hex')
}

/**
 * Reads a digest from an address.
 * @throws Refusal
 */
export function parseDigest(text: string): string {
  if (!/^[0-9a-f]{40}$/i.test(text)) throw malformed('a digest has 40 hexadecimal digits')
  return text.toLowerCase()
}
