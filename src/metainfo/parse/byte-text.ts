import { isUtf8 } from 'node:buffer'
import { isByteString, type BencodeValue } from '../bencode/value.js'
import { quoteText } from '../../text/escape.js'
import type { What } from './require-field.js'
import type { WarningList } from '../warning.js'

/** Preserves a byte order mark, which may be part of a name. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A text to decode, its name in warnings, and the list of warnings. */
export interface TextSource {
  readonly bytes: Uint8Array
  /** The value of the same key with the suffix `.utf-8`, which old programs also wrote. */
  readonly twin: BencodeValue | undefined
  readonly what: What
  readonly warnings: WarningList
}

/**
 * Decodes a byte string. If it is not UTF-8, its `.utf-8` twin is used. If that is not UTF-8
 * either, U+FFFD replaces the invalid bytes, and a warning is added.
 */
export function readText({ bytes, twin, what, warnings }: TextSource): string {
  const text = decodeUtf8(bytes)
  // Only text with U+FFFD needs the slow check of the bytes; U+FFFD may also be part of the text
  if (!text.includes('\ufffd') || isUtf8(bytes)) return text
  if (isByteString(twin) && isUtf8(twin)) return decodeUtf8(twin)
  warnings.add('not-utf8', () => `${what()}: not UTF-8, read as ${quoteText(text)}`)
  return text
}

/** Decodes UTF-8; U+FFFD replaces invalid bytes. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
