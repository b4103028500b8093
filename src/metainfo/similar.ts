import { BtkitError } from '../errors.js'

/**
 * Checks the info hash of a similar torrent (BEP 38), 20 bytes in hexadecimal, and spells it in
 * lower case.
 * @throws BtkitError `usage`
 */
export function parseInfoHash(text: string): string {
  if (/^[0-9a-f]{40}$/i.test(text)) return text.toLowerCase()
  throw new BtkitError('usage', `info hash '${text}': not 40 hexadecimal digits`)
}
