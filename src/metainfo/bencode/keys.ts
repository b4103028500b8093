import { latin1 } from '../../base/bytes.js'

const SLOTS = 256

/**
 * Longest key in the cache. Longer keys are rare, and comparing them costs more than creating them.
 */
const LONGEST = 32

/** Shared by all readers, because creating it takes longer than reading a small torrent. */
const slots = new Array<string>(SLOTS).fill('')

/**
 * Returns the key in a range of bytes as a latin1 string. A torrent of a million files contains
 * `length` and `path` a million times. Remembering the latest keys saves both time and memory.
 */
export function keyText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  if (length > LONGEST) return latin1(bytes.subarray(start, end))
  const slot = (length * 31 + (bytes[start] ?? 0) * 7 + (bytes[end - 1] ?? 0)) % SLOTS
  const known = slots[slot]
  if (known?.length === length && isAt(bytes, start, known)) return known
  const text = latin1(bytes.subarray(start, end))
  slots[slot] = text
  return text
}

function isAt(bytes: Uint8Array, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) !== bytes[start + at]) return false
  }
  return true
}
