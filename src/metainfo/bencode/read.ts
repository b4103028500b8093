import type { BencodeDict, BencodeValue, Span } from './value.js'
import { BtkitError } from '../../errors.js'
import { quoteText } from '../../text/escape.js'
import { WarningList, type Warning } from '../warning.js'
import { Buffer } from 'node:buffer'

/** The default limit of a torrent's size, in bytes. */
export const DEFAULT_MAX_SIZE = 64 * 1024 * 1024

/** The default limit of nested lists and dictionaries. */
export const DEFAULT_MAX_DEPTH = 100

/**
 * The limit of values in a file. A torrent of a million files has six million values. A hostile 64
 * MiB of `de` would have thirty million, each of which needs some hundred bytes of memory.
 */
export const MAX_VALUES = 8 * 1024 * 1024

const SLOTS = 256

/**
 * Longest key in the cache. Longer keys are rare, and comparing them costs more than creating them.
 */
const LONGEST = 32

/** Shared by all readers, because creating it takes longer than reading a small torrent. */
const slots = new Array<string>(SLOTS).fill('')

/** Limits of the input. */
export interface BencodeLimits {
  /** Bytes of the input. */
  readonly maxSize: number
  /** Depth of nested lists and dictionaries. */
  readonly maxDepth: number
  /** Number of values. Default: MAX_VALUES. */
  readonly maxValues?: number | undefined
}

/** The result of reading: the value, the positions of the top-level entries, and warnings. */
export interface BencodeReading {
  readonly value: BencodeValue
  /**
   * Positions of the top-level dictionary's entries, by key; empty if the value is not a
   * dictionary.
   */
  readonly spans: Map<string, Span>
  readonly warnings: Warning[]
}

/**
 * Reads bencode of unknown origin. Accepts only valid bencode, and preserves it: if there are no
 * warnings, encoding the value gives the same bytes. Unsorted keys and white space after the end
 * occur in practice; they are accepted with a warning. Byte strings are views of `bytes`, not
 * copies.
 *
 * The npm `bencode` codec is not strict enough: it accepts truncated strings and trailing bytes,
 * converts keys that are not UTF-8 to hexadecimal, and obeys `__proto__`. It also rounds integers
 * beyond 2^53 and overflows the stack on deep nesting. This reader does not recurse, and its time
 * is proportional to the input.
 * @throws BtkitError `bencode`, as `offset N: reason`, and `too-large` for too many values
 */
export function readBencode(bytes: Uint8Array, limits: BencodeLimits): BencodeReading {
  if (bytes.length > limits.maxSize) {
    throw bencodeError(limits.maxSize, `more than the ${limits.maxSize} bytes allowed`)
  }
  return new Reader(bytes, limits).read()
}

const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c
const DICT = 0x64
const WHITE_SPACE = [0x20, 0x09, 0x0a, 0x0d]

/** A list or dictionary that is still open. */
interface Frame {
  readonly container: BencodeValue[] | BencodeDict
  readonly start: number
  /** A key whose value comes next; null if a key comes next. */
  key: string | null
  keyStart: number
  lastKey: string | null
  isUnsorted: boolean
}

interface KeyAt {
  readonly key: string
  readonly start: number
}

class Reader {
  readonly #cursor: Cursor
  readonly #maxDepth: number
  readonly #maxValues: number
  readonly #frames: Frame[] = []
  readonly #keys: KeyCache
  readonly #spans = new Map<string, Span>()
  readonly #warnings = new WarningList()
  #valueCount = 0

  constructor(bytes: Uint8Array, { maxDepth, maxValues = MAX_VALUES }: BencodeLimits) {
    this.#cursor = { bytes, offset: 0 }
    this.#maxDepth = maxDepth
    this.#maxValues = maxValues
    this.#keys = new KeyCache(bytes)
  }

  read(): BencodeReading {
    let value: BencodeValue | null = null
    while (value === null) value = this.#step()
    this.#checkTail()
    return { value, spans: this.#spans, warnings: this.#warnings.toArray() }
  }

  /**
   * Reads the next key, scalar, opening or end. Returns the whole value when it is complete, else
   * null.
   */
  #step(): BencodeValue | null {
    const { bytes, offset } = this.#cursor
    const frame = this.#frames.at(-1)
    const byte = bytes[offset]
    if (byte === END && frame !== undefined) return this.#close(frame)
    if (frame?.container instanceof Map && frame.key === null) {
      this.#takeKey(frame, frame.container)
      return null
    }
    if (byte === LIST) return this.#open([])
    if (byte === DICT) return this.#open(new Map())
    if (byte === INTEGER) return this.#attach(takeInteger(this.#cursor), offset)
    if (isDigit(byte)) return this.#attach(takeString(this.#cursor), offset)
    throw bencodeError(offset, byte === undefined ? 'the data ends too early' : 'not a value')
  }

  #open(container: Frame['container']): null {
    const start = this.#cursor.offset
    if (this.#frames.length === this.#maxDepth) {
      throw bencodeError(start, `nested deeper than ${this.#maxDepth}`)
    }
    this.#frames.push({
      container,
      start,
      key: null,
      keyStart: start,
      lastKey: null,
      isUnsorted: false,
    })
    this.#cursor.offset = start + 1
    return null
  }

  #close(frame: Frame): BencodeValue | null {
    if (frame.key !== null)
      throw bencodeError(this.#cursor.offset, 'dictionary key without a value')
    this.#cursor.offset += 1
    this.#frames.pop()
    return this.#attach(frame.container, frame.start)
  }

  /** Adds a complete value to the list or dictionary around it; returns it if there is none. */
  #attach(value: BencodeValue, start: number): BencodeValue | null {
    this.#valueCount += 1
    if (this.#valueCount > this.#maxValues)
      throw new BtkitError('too-large', `offset ${start}: more than ${this.#maxValues} values`)
    const frame = this.#frames.at(-1)
    if (frame === undefined) return value
    if (Array.isArray(frame.container)) {
      frame.container.push(value)
    } else if (frame.key !== null) {
      frame.container.set(frame.key, value)
      if (this.#frames.length === 1) {
        this.#spans.set(frame.key, { keyStart: frame.keyStart, start, end: this.#cursor.offset })
      }
      frame.key = null
    }
    return null
  }

  #takeKey(frame: Frame, dict: BencodeDict): void {
    const start = this.#cursor.offset
    const byte = this.#cursor.bytes[start]
    if (byte === undefined) throw bencodeError(start, 'the data ends too early')
    if (!isDigit(byte)) throw bencodeError(start, 'dictionary key that is not a string')
    const key = this.#keys.textOf(takeString(this.#cursor))
    const isInOrder = frame.lastKey === null || key > frame.lastKey
    if (!isInOrder || frame.isUnsorted) this.#checkDisorder(frame, dict, { key, start })
    frame.key = key
    frame.keyStart = start
    frame.lastKey = key
  }

  /** Only keys out of order are looked up: as long as the keys are sorted, none can repeat. */
  #checkDisorder(frame: Frame, dict: BencodeDict, { key, start }: KeyAt): void {
    if (dict.has(key)) throw bencodeError(start, `dictionary key ${quoteText(key)} a second time`)
    if (frame.isUnsorted) return
    frame.isUnsorted = true
    this.#warnings.add(
      'unsorted-keys',
      () =>
        `offset ${frame.start}: dictionary with unsorted keys, first ${quoteText(key)} at ${start}`,
    )
  }

  #checkTail(): void {
    const { bytes, offset } = this.#cursor
    for (let at = offset; at < bytes.length; at += 1) {
      if (!WHITE_SPACE.includes(bytes[at] ?? 0)) {
        throw bencodeError(offset, `${bytes.length - offset} more bytes after the end`)
      }
    }
    if (offset < bytes.length) {
      this.#warnings.add('trailing-space', () => `offset ${offset}: white space after the end`)
    }
  }
}

/**
 * Converts the bytes of dictionary keys to latin1 strings. A torrent of a million files contains
 * `length` and `path` a million times. Remembering the latest keys saves both time and memory.
 */
class KeyCache {
  readonly #whole: Buffer

  /** `whole` is the array that all keys are views of. */
  constructor(whole: Uint8Array) {
    this.#whole = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
  }

  /** Returns `bytes` as a latin1 string. */
  textOf(bytes: Uint8Array): string {
    const { length } = bytes
    if (length > LONGEST) return this.#latin1(bytes)
    const slot = (length * 31 + (bytes[0] ?? 0) * 7 + (bytes[length - 1] ?? 0)) % SLOTS
    const known = slots[slot]
    if (known !== undefined && isSame(known, bytes)) return known
    const text = this.#latin1(bytes)
    slots[slot] = text
    return text
  }

  #latin1({ byteOffset, byteLength }: Uint8Array): string {
    const start = byteOffset - this.#whole.byteOffset
    return this.#whole.toString('latin1', start, start + byteLength)
  }
}

function isSame(text: string, bytes: Uint8Array): boolean {
  if (text.length !== bytes.length) return false
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) !== bytes[at]) return false
  }
  return true
}

/** A reading position in bytes. Readers advance it. */
interface Cursor {
  readonly bytes: Uint8Array
  offset: number
}

const ZERO = 0x30
const MINUS = 0x2d
const COLON = 0x3a

/** The most digits of a 64-bit integer, and the most digits that are always exact in a number. */
const MAX_DIGITS = 19
const EXACT_DIGITS = 15

const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n

/** The error for invalid bencode at an offset. */
function bencodeError(offset: number, reason: string): BtkitError {
  return new BtkitError('bencode', `offset ${offset}: ${reason}`)
}

/** Whether `byte` is an ASCII digit. */
function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9
}

/**
 * Reads the integer at the cursor, which is at its `i`.
 * @throws BtkitError `bencode`
 */
function takeInteger(cursor: Cursor): number | bigint {
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
function takeString(cursor: Cursor): Uint8Array {
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
  // A plain view: subarray() of a Buffer would create Buffers, which are slower and print
  // differently
  return new Uint8Array(bytes.buffer, bytes.byteOffset + colon + 1, length)
}

function truncated({ bytes, offset }: Cursor): BtkitError {
  return bencodeError(offset, `string that runs past the end at ${bytes.length}`)
}
