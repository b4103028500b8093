import { Buffer, isUtf8 } from 'node:buffer'
import { decodeBytes } from './escape.js'

/** A lone surrogate, which no text of valid bytes has. The capture keeps it when a text is split. */
const RAW = /([\udc80-\udcff])/u

const FIRST_RAW = 0xdc00

/**
 * Returns a path as text. Each byte that is not UTF-8 becomes a lone surrogate, as in Python, so that
 * rawPath finds it again.
 */
export function textOfPath(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  return decodeBytes(bytes, (byte) => String.fromCharCode(FIRST_RAW + byte))
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
