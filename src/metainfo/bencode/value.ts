import { Buffer } from 'node:buffer'
import { latin1 } from '../../base/bytes.js'

/**
 * A bencode value. An integer is a `number` if that is exact, else a `bigint`. A string is bytes,
 * because bencode has no text type.
 */
export type BencodeValue = number | bigint | Uint8Array | BencodeValue[] | BencodeDict

/**
 * A dictionary. A key is the latin1 ("binary") string of its bytes. This preserves any bytes, and
 * `<` compares in bencode's byte order. In a Map the key `__proto__` is not special.
 */
export type BencodeDict = Map<string, BencodeValue>

/** A dictionary of which values are requested by key. */
export type DictValues = Pick<BencodeDict, 'get' | 'has'>

/** The position of an entry of the top-level dictionary: offsets in bytes, `end` excluded. */
export interface Span {
  /** The first byte of the key, which is a digit of its length. */
  readonly keyStart: number
  /** The first byte of the value. */
  readonly start: number
  /** The byte after the value. */
  readonly end: number
}

/** Whether `value` is a byte string. */
export function isByteString(value: BencodeValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array
}

/**
 * Whether `value` is a text without a visible character, which some programs write for no value.
 */
export function isBlank(value: BencodeValue): boolean {
  return isByteString(value) && latin1(value).trim() === ''
}

const NOT_ASCII = /[^\0-\x7f]/

/**
 * Converts a text to a dictionary key, the latin1 string of its bytes; ASCII texts need no
 * conversion.
 */
export function dictKey(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text).toString('latin1') : text
}
