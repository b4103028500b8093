import { hexDigit } from './digits.js'
import { malformed } from './refusal.js'

const PERCENT = 0x25

/**
 * Decodes a query value into `bytes` and returns them. `%xx` is one byte; any other character,
 * including a plus, stands for itself.
 * @throws TrackerRefusal if the value does not fill `bytes` exactly
 */
export function decodeBytes(value: string, name: string, bytes: Uint8Array): Uint8Array {
  const count = bytes.length
  let length = 0
  let at = 0
  for (; at < value.length && length < count; length += 1) {
    const code = value.charCodeAt(at)
    if (code === PERCENT) {
      const byte = 16 * hexDigit(value, at + 1) + hexDigit(value, at + 2)
      if (!(byte >= 0)) throw malformed(`${name} is not percent-encoded`)
      bytes[length] = byte
      at += 3
    } else {
      bytes[length] = code
      at += 1
    }
  }
  if (length < count || at < value.length) throw malformed(`${name} does not have ${count} bytes`)
  return bytes
}

/**
 * Decodes the name or value of a field (RFC 3986). Each character of the result is a byte.
 * A plus stays a plus. An invalid escape stays as it is, such as the zone in `fe80::1%eth0`.
 */
export function decodeText(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => {
    return String.fromCharCode(parseInt(digits, 16))
  })
}

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
