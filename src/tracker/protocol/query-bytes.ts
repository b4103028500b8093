import { hexDigit } from './digits.js'
import { malformed } from './refusal.js'

const PERCENT = 0x25

/**
 * Puts the bytes of a query's value into all of `bytes`, and returns these: `%xx` is one byte, every
 * other character is itself, a plus too.
 * @throws TrackerRefusal when they are not as many
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
 * The name or value of a field as it was before it was escaped (RFC 3986), each character a byte; a
 * plus is a plus. What only looks like an escape stands for itself, such as the zone of `fe80::1%eth0`.
 */
export function decodeText(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => {
    return String.fromCharCode(parseInt(digits, 16))
  })
}
