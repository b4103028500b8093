import { isUtf8 } from 'node:buffer'
import { isByteString, type BencodeValue } from '../bencode/value.js'
import { quoteText } from '../../text/escape.js'
import type { What } from './require-field.js'
import type { WarningList } from '../warning-list.js'

/** It keeps a byte order mark, as part of a name like any other character. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** What to read, what to call it in a warning, and where that warning goes. */
export interface TextSource {
  readonly bytes: Uint8Array
  /** The value of the `.utf-8` twin of the key, which programs of the code page days wrote. */
  readonly twin: BencodeValue | undefined
  readonly what: What
  readonly warnings: WarningList
}

/**
 * The text of a byte string. What is not UTF-8 is read from its `.utf-8` twin, and where there is
 * none of use, with U+FFFD in place of what can't be decoded, and a warning.
 */
export function readText({ bytes, twin, what, warnings }: TextSource): string {
  const text = decodeUtf8(bytes)
  // only a replacement character can tell of a fault, and it may as well be part of the text
  if (!text.includes('\ufffd') || isUtf8(bytes)) return text
  if (isByteString(twin) && isUtf8(twin)) return decodeUtf8(twin)
  warnings.add('not-utf8', () => `${what()}: not UTF-8, read as ${quoteText(text)}`)
  return text
}

/** The text of bytes, with U+FFFD in place of what is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
