import { Buffer, isUtf8 } from 'node:buffer'
import { decodePercent } from '../percent.js'
import { decodeBytes } from './escape.js'

/**
 * A lone surrogate, which no text of valid bytes has. The capture keeps it when a text is split.
 */
const RAW = /([\udc80-\udcff])/u

const FIRST_RAW = 0xdc00

/**
 * Returns a path as text. Each byte that is not UTF-8 becomes a lone surrogate, as in Python, so
 * that rawPath finds it again.
 */
export function textOfPath(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  return decodeBytes(bytes, (byte) => String.fromCharCode(FIRST_RAW + byte))
}

/**
 * Decodes a percent-encoded name into the text that textOfPath has of its bytes; null if an escape
 * is wrong.
 */
export function decodeName(text: string): string | null {
  const plain = decodePercent(text, null)
  if (plain !== null || /%(?![\da-f]{2})/i.test(text)) return plain
  const byte = (_: string, hex: string) => String.fromCharCode(parseInt(hex, 16))
  return textOfPath(Buffer.from(text.replace(/%(..)/g, byte), 'latin1'))
}

/** Whether a path has bytes that are not UTF-8. */
export function isRaw(path: string): boolean {
  return RAW.test(path)
}

/** Returns the bytes of a path of textOfPath; any other path, which is faster, unchanged. */
export function rawPath(path: string): string | Buffer {
  if (!isRaw(path)) return path
  const parts = path.split(RAW)
  return Buffer.concat(
    parts.map((part) => {
      return isRaw(part) ? Buffer.of(part.charCodeAt(0) - FIRST_RAW) : Buffer.from(part)
    }),
  )
}
