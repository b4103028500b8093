import { BtkitError } from '../../errors.js'

/** A reading position in bytes. Readers advance it. */
export interface Cursor {
  readonly bytes: Uint8Array
  offset: number
}

const ZERO = 0x30
const MINUS = 0x2d
const COLON = 0x3a
const END = 0x65

/** The most digits of a 64-bit integer, and the most digits that are always exact in a number. */
const MAX_DIGITS = 19
const EXACT_DIGITS = 15

const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n

/** The error for invalid bencode at an offset. */
export function bencodeError(offset: number, reason: string): BtkitError {
  return new BtkitError('bencode', `offset ${offset}: ${reason}`)
}

/** Whether `byte` is an ASCII digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9
}

/**
 * Reads the integer at the cursor, which is at its `i`.
 * @throws BtkitError `bencode`
 */
export function takeInteger(cursor: Cursor): number | bigint {
  const { bytes, offset: start } = cursor
  const isNegative = bytes[start + 1] === MINUS
  const firstDigit = start + (isNegative ? 2 : 1)
  if (bytes[firstDigit] === ZERO && isDigit(bytes[firstDigit + 1])) {
    throw bencodeError(start, 'integer with a leading zero')
  }
  let end = firstDigit
  let value = 0
  while (isDigit(bytes[end])) {
    if (end - firstDigit === MAX_DIGITS) throw outOfRange(start)
    value = value * 10 + ((bytes[end] ?? 0) - ZERO)
    end += 1
  }
  checkIntegerSpelling(cursor, firstDigit, end)
  cursor.offset = end + 1
  if (end - firstDigit > EXACT_DIGITS) return exactInteger(bytes.subarray(start + 1, end), start)
  return isNegative ? -value : value
}

function checkIntegerSpelling({ bytes, offset }: Cursor, firstDigit: number, end: number): void {
  const digits = end - firstDigit
  if (end >= bytes.length) throw bencodeError(offset, 'integer without an end')
  if (bytes[end] !== END) throw bencodeError(end, 'not a digit of an integer')
  if (digits === 0) throw bencodeError(offset, 'integer without digits')
  const isZero = bytes[firstDigit] === ZERO
  if (isZero && firstDigit > offset + 1) throw bencodeError(offset, 'integer that is minus zero')
}

function exactInteger(digits: Uint8Array, offset: number): number | bigint {
  const value = BigInt(String.fromCharCode(...digits))
  if (value < MIN_INTEGER || value > MAX_INTEGER) throw outOfRange(offset)
  const rounded = Number(value)
  return Number.isSafeInteger(rounded) ? rounded : value
}

function outOfRange(offset: number): BtkitError {
  return bencodeError(offset, 'integer beyond 64 bits')
}

/**
 * Reads the string at the cursor, which is at its length. Returns a view of the bytes.
 * @throws BtkitError `bencode`
 */
export function takeString(cursor: Cursor): Uint8Array {
  const start = skipString(cursor)
  const { bytes, offset } = cursor
  // A plain view: subarray() of a Buffer would create Buffers, which are slower and print
  // differently
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, offset - start)
}

/**
 * Moves the cursor behind the string at the cursor, which is at its length. Returns the offset of
 * the string's first byte.
 * @throws BtkitError `bencode`
 */
export function skipString(cursor: Cursor): number {
  const { bytes, offset: start } = cursor
  let colon = start
  let length = 0
  while (isDigit(bytes[colon])) {
    length = length * 10 + ((bytes[colon] ?? 0) - ZERO)
    if (length > bytes.length) throw truncated(cursor)
    colon += 1
  }
  if (colon > start + 1 && bytes[start] === ZERO) {
    throw bencodeError(start, 'string length with a leading zero')
  }
  if (colon >= bytes.length) throw truncated(cursor)
  if (bytes[colon] !== COLON) throw bencodeError(colon, 'not a digit of a string length')
  const end = colon + 1 + length
  if (end > bytes.length) throw truncated(cursor)
  cursor.offset = end
  return colon + 1
}

function truncated({ bytes, offset }: Cursor): BtkitError {
  return bencodeError(offset, `string that runs past the end at ${bytes.length}`)
}
