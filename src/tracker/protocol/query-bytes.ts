import { malformed } from './refusal.js'

const PERCENT = 0x25

/**
 * The bytes of a query's value: `%xx` is one byte, every other character is itself, a plus too.
 * @throws TrackerRefusal when they are not as many as wanted
 */
export function decodeBytes(value: string, name: string, count: number): Uint8Array {
  const bytes = new Uint8Array(count)
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

/** NaN for what is none. */
function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN
}
