import { isUtf8 } from 'node:buffer'
import { isByteString, type BencodeValue } from '../bencode/value.js'
import { quoteText } from '../../text/escape.js'
import type { What } from './require-field.js'
import type { WarningList } from '../warning.js'

/** Keeps a byte order mark, which may be part of a name. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** What to read, what to call it in a warning, and where that warning goes. */
export interface TextSource {
  readonly bytes: Uint8Array
  /** The value of the same key with `.utf-8` at its end, which old programs wrote as well. */
  readonly twin: BencodeValue | undefined
  readonly what: What
  readonly warnings: WarningList
}

/**
 * The text of a byte string. If that is not UTF-8 its `.utf-8` twin is taken; if that is none
 * either, U+FFFD stands for what can't be decoded, and there is a warning.
 */
export function readText({ bytes, twin, what, warnings }: TextSource): string {
  const text = decodeUtf8(bytes)
  // the slow check of the bytes is needed only with U+FFFD, which may also be part of the text
  if (!text.includes('\ufffd') || isUtf8(bytes)) return text
  if (isByteString(twin) && isUtf8(twin)) return decodeUtf8(twin)
  warnings.add('not-utf8', () => `${what()}: not UTF-8, read as ${quoteText(text)}`)
  return text
}

/** The text of bytes, with U+FFFD in place of what is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
