import { isUtf8 } from 'node:buffer'
import mime from 'mime'
import type { FileHandle } from 'node:fs/promises'
import { isNameOfText } from './text-names.js'

/** Bytes at the beginning of a text by which its encoding is told. */
const LOOKED_AT = 16 * 1024

/** Types of text that say themselves how they are encoded, which a header would overrule. */
const TELLING = new Set(['text/html', 'text/xml'])

/** What bytes are of which nothing else is known. */
const ANY = 'application/octet-stream'

/** The media type of a file by the extension of its name, which follows a dot; null for none. */
function typeByExtension(name: string): string | null {
  // Of a name without a slash, mime takes the whole for an extension where there is no dot
  return mime.getType(`/${name}`)
}

/**
 * The media type of an open file. That of a text says that it is in UTF-8 when its first 16 KiB are;
 * of any other, browsers guess the encoding, as they would without us.
 */
export async function typeOfFile(name: string, handle: FileHandle): Promise<string> {
  const own = typeByExtension(name)
  const type = own ?? (isNameOfText(name) ? 'text/plain' : ANY)
  if (!type.startsWith('text/') || TELLING.has(type)) return type
  const buffer = Buffer.allocUnsafe(LOOKED_AT)
  const { bytesRead } = await handle.read(buffer, 0, LOOKED_AT, 0)
  const beginning = buffer.subarray(0, bytesRead)
  // A name alone says less than an extension
  if (own === null && beginning.includes(0)) return ANY
  // Only of a file that goes on can the last character be cut
  const isInUtf8 = bytesRead < LOOKED_AT ? isUtf8(beginning) : startsInUtf8(beginning)
  return isInUtf8 ? `${type}; charset=utf-8` : type
}

/** Whether these are characters of UTF-8 and the beginning of one. */
export function startsInUtf8(bytes: Uint8Array): boolean {
  return [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, Math.max(0, bytes.length - cut))))
}
