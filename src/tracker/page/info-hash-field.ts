import { decodeText } from '../protocol/query-bytes.js'

const FIELDS: readonly string[] = ['info_hash', 'hash']

/**
 * Reads the info hash in a query, as 40 hexadecimal digits or as 20 escaped bytes like in
 * announces.
 * Returns it in hexadecimal, or null if there is none.
 */
export function infoHashOf(query: string): string | null {
  const fields = query.split('&').map((field) => field.split(/=(.*)/s).map(decodeText))
  const [, value = ''] = fields.find(([name = '']) => FIELDS.includes(name)) ?? []
  if (/^[0-9a-f]{40}$/i.test(value)) return value.toLowerCase()
  return value.length === 20 ? Buffer.from(value, 'latin1').toString('hex') : null
}
