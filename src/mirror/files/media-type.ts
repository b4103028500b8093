import mime from 'mime'
import { isUtf8 } from 'node:buffer'

/** Names of text files that have no extension, in small letters. */
const NAMES = new Set(
  `readme install installing hacking authors contributors maintainers credits thanks
  license licence copying copyright notice patents unlicense
  changes changelog history news release_notes todo bugs faq version manifest owners
  makefile gnumakefile dockerfile containerfile vagrantfile jenkinsfile rakefile gemfile
  checksum checksums release inrelease packages sources filelist ls-lr`.split(/\s+/),
)

/** Lists of checksums, such as SHA256SUMS, and of the contents of Debian's packages. */
const PATTERNS = [/^(?:md5|b2|sha\d+|blake\w+)sums?$/, /^contents-[\w-]+$/]

/** Endings of text that have types by which browsers save it: armoured signatures and keys. */
const ENDINGS = /\.asc$/i

/** Control characters that no text has, besides line ends, tabs and escapes for terminals. */
const NO_TEXT = /[\0-\x07\x0e-\x1a\x1c-\x1f]/

/** Bytes at the beginning of a text that are examined for its encoding. */
export const LOOKED_AT = 16 * 1024

/** Types of text that contain their encoding, which a header would override. */
const TELLING = new Set(['text/html', 'text/xml'])

/** The type of unknown bytes. */
const ANY = 'application/octet-stream'

/**
 * The media type of a file; null if it depends on its beginning, and that is null. A file with an
 * unknown ending is text if its beginning is. Adds UTF-8 for a text whose first 16 KiB are valid
 * UTF-8. For any other text, browsers guess the encoding, as they would without the header.
 */
export function mediaType(name: string, beginning: Uint8Array | null): string | null {
  // For a name without slash and dot, mime would use the whole name as the extension
  const own = ENDINGS.test(name) ? null : mime.getType(`/${name}`)
  if (own !== null && (!own.startsWith('text/') || TELLING.has(own))) return own
  if (beginning === null) return null
  // The last character can be cut only in a longer file
  const isInUtf8 = beginning.length < LOOKED_AT ? isUtf8(beginning) : startsInUtf8(beginning)
  if (own !== null) return isInUtf8 ? `${own}; charset=utf-8` : own
  const isText = !NO_TEXT.test(Buffer.from(beginning).toString('latin1')) && beginning.length > 0
  if (isText && isInUtf8) return 'text/plain; charset=utf-8'
  return isNameOfText(name) && !beginning.includes(0) ? 'text/plain' : ANY
}

/** Whether these bytes are UTF-8, possibly with a part of a character at the end. */
function startsInUtf8(bytes: Uint8Array): boolean {
  return [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, Math.max(0, bytes.length - cut))))
}

/** Whether nearly all files with that name are text. */
function isNameOfText(name: string): boolean {
  const small = name.toLowerCase()
  return NAMES.has(small) || PATTERNS.some((pattern) => pattern.test(small))
}
