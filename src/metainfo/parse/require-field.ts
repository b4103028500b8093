import { isUtf8 } from 'node:buffer'
import { BtkitError } from '../../base/errors.js'
import { isByteString, type BencodeDict, type BencodeValue } from '../bencode/value.js'
import { quoteText } from '../../base/text/escape.js'
import { isComponent } from '../name.js'
import type { WarningList } from '../warning.js'

/**
 * Returns the name of a value for messages. A function, because there may be millions and few are
 * needed.
 */
export type What = () => string

/** The error for invalid metainfo, such as `info.pieces: is missing`. */
export function metainfoError(what: string, rule: string): BtkitError {
  return new BtkitError('metainfo', `${what}: ${rule}`)
}

/**
 * Checks that a value is a dictionary.
 * @throws BtkitError `metainfo`
 */
export function requireDict(value: BencodeValue | undefined, what: What): BencodeDict {
  if (value instanceof Map) return value
  throw isNot('a dictionary', value, what)
}

/** Checks that a value is a list, as requireDict does. */
export function requireList(value: BencodeValue | undefined, what: What): BencodeValue[] {
  if (Array.isArray(value)) return value
  throw isNot('a list', value, what)
}

/** Checks that a value is a byte string, as requireDict does. */
export function requireString(value: BencodeValue | undefined, what: What): Uint8Array {
  if (isByteString(value)) return value
  throw isNot('a string', value, what)
}

function isNot(kind: string, value: BencodeValue | undefined, what: What): BtkitError {
  return metainfoError(what(), value === undefined ? 'is missing' : `is not ${kind}`)
}

/**
 * Checks that a value is a number of bytes, from 0 to 2^53 - 1.
 * @throws BtkitError `metainfo`
 */
export function requireLength(value: BencodeValue | undefined, what: What): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw isNot('an integer', value, what)
  if (value < 0) throw metainfoError(what(), 'is negative')
  if (typeof value === 'bigint') throw metainfoError(what(), 'is too large')
  return value
}

/** Preserves a byte order mark, which may be part of a name. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A text to decode, its name in warnings, and the list of warnings. */
export interface TextSource {
  readonly bytes: Uint8Array
  /** The value of the same key with the suffix `.utf-8`, which some programs also write. */
  readonly twin: BencodeValue | undefined
  readonly what: What
  readonly warnings: WarningList
}

/**
 * Decodes a byte string. Its `.utf-8` twin counts first, as in libtorrent, Transmission and aria2.
 * Without a twin that is UTF-8, U+FFFD replaces invalid bytes, and a warning is added.
 */
export function readText({ bytes, twin, what, warnings }: TextSource): string {
  if (isByteString(twin) && twin.length > 0 && isUtf8(twin)) return decodeUtf8(twin)
  const text = decodeUtf8(bytes)
  // Only text with U+FFFD needs the slow check of the bytes; U+FFFD may also be part of the text
  if (!text.includes('\ufffd') || isUtf8(bytes)) return text
  warnings.add('not-utf8', () => `${what()}: not UTF-8, read as ${quoteText(text)}`)
  return text
}

/**
 * Decodes the components of a path. Their `.utf-8` twins count first, however many they are, unless
 * a component is unsafe: programs that ignore the twins would use it. `twins` is null for no list.
 */
export function readComponents(
  components: readonly Uint8Array[],
  what: TextSource['what'],
  warnings: TextSource['warnings'],
  twins: readonly BencodeValue[] | null | undefined,
): string[] {
  const isTwin = (twin: BencodeValue) => isByteString(twin) && twin.length > 0 && isUtf8(twin)
  const isRight = twins?.every(isTwin) === true && twins.length > 0
  if (twins !== undefined && !isRight)
    warnings.add('ignored-value', () => `${what()}.utf-8: is no text in UTF-8`)
  if (isRight && components.every((bytes) => isComponent(decodeUtf8(bytes)))) {
    return twins.filter(isByteString).map(decodeUtf8)
  }
  return components.map((bytes) => readText({ bytes, twin: undefined, what, warnings }))
}

/** Decodes UTF-8; U+FFFD replaces invalid bytes. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
