import { BtkitError } from '../../errors.js'
import { isByteString, type BencodeDict, type BencodeValue } from '../bencode/value.js'

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
  throw metainfoError(what(), value === undefined ? 'is missing' : 'is not a dictionary')
}

/**
 * Checks that a value is a list.
 * @throws BtkitError `metainfo`
 */
export function requireList(value: BencodeValue | undefined, what: What): BencodeValue[] {
  if (Array.isArray(value)) return value
  throw metainfoError(what(), value === undefined ? 'is missing' : 'is not a list')
}

/**
 * Checks that a value is a byte string.
 * @throws BtkitError `metainfo`
 */
export function requireString(value: BencodeValue | undefined, what: What): Uint8Array {
  if (isByteString(value)) return value
  throw metainfoError(what(), value === undefined ? 'is missing' : 'is not a string')
}

/**
 * Checks that a value is a number of bytes, from 0 to 2^53 - 1.
 * @throws BtkitError `metainfo`
 */
export function requireLength(value: BencodeValue | undefined, what: What): number {
  if (value === undefined) throw metainfoError(what(), 'is missing')
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw metainfoError(what(), 'is not an integer')
  }
  if (value < 0) throw metainfoError(what(), 'is negative')
  if (typeof value === 'bigint') throw metainfoError(what(), 'is too large')
  return value
}
