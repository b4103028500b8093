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

/** Bytes at the beginning of a text that are examined for its encoding. */
export const LOOKED_AT = 16 * 1024

/** Types of text that contain their encoding, which a header would override. */
const TELLING = new Set(['text/html', 'text/xml'])

/** The type of unknown bytes. */
const ANY = 'application/octet-stream'

/**
 * The media type of a file; null if it depends on its beginning, and that is null. Adds UTF-8 for a
 * text whose first 16 KiB are valid UTF-8. For any other text, browsers guess the encoding, as they
 * would without the header.
 */
export function mediaType(name: string, beginning: Uint8Array | null): string | null {
  // For a name without slash and dot, mime would use the whole name as the extension
  const own = mime.getType(`/${name}`)
  const type = own ?? (isNameOfText(name) ? 'text/plain' : ANY)
  if (!type.startsWith('text/') || TELLING.has(type)) return type
  if (beginning === null) return null
  // A name without an extension is less certain
  if (own === null && beginning.includes(0)) return ANY
  // The last character can be cut only in a longer file
  const isInUtf8 = beginning.length < LOOKED_AT ? isUtf8(beginning) : startsInUtf8(beginning)
  return isInUtf8 ? `${type}; charset=utf-8` : type
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
