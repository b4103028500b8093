import { isUtf8 } from 'node:buffer'

/** Bytes as text, all that is no part of a character in UTF-8 as `\xNN`. */
export function escapeBadBytes(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((n) => isUtf8(bytes.subarray(at, at + n))) ?? 0
    text += length > 0 ? bytes.toString('utf8', at, at + length) : escapeByte(bytes, at)
    at += Math.max(length, 1)
  }
  return text
}

function escapeByte(bytes: Buffer, at: number): string {
  return `\\x${bytes.toString('hex', at, at + 1)}`
}
