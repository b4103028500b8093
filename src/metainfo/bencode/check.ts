import { Buffer } from 'node:buffer'
import { BtkitError } from '../../base/errors.js'
import { quoteText } from '../../base/text/escape.js'
import { WarningList, type Warning } from '../warning.js'
import {
  COLON,
  contentOfString,
  DICT,
  END,
  EXACT_DIGITS,
  INTEGER,
  isDigit,
  LIST,
  MINUS,
  ZERO,
} from './offsets.js'
import { keyText } from './keys.js'
import type { EncodedDict } from './encoded-dict.js'
import type { Span } from './value.js'
import { count } from '../../base/text/quantity.js'

/** The default limit of a torrent's size, in bytes. */
export const DEFAULT_MAX_SIZE = 64 * 1024 * 1024

/** The default limit of nested lists and dictionaries. */
export const DEFAULT_MAX_DEPTH = 100

/**
 * The limit of values in a file. A torrent of a million files has six million values. A hostile 64
 * MiB of `de` would have thirty million, each of which needs some hundred bytes once it is decoded.
 */
export const MAX_VALUES = 8 * 1024 * 1024

/** Limits of the input. */
export interface BencodeLimits {
  /** Bytes of the input. */
  readonly maxSize: number
  /** Depth of nested lists and dictionaries. */
  readonly maxDepth: number
  /** Number of values. Default: MAX_VALUES. */
  readonly maxValues?: number | undefined
}

/** The positions of a dictionary's entries, by key (a latin1 string of its bytes). */
export type Spans = Map<string, Span>

/** Checked bencode: the positions of entries, and warnings. */
export interface CheckedBencode {
  /** The entries of the top-level dictionary; empty if the value is not a dictionary. */
  readonly spans: Spans
  /** The entries of its dictionary `info`; empty if it has none. */
  readonly infoSpans: Spans
  readonly warnings: Warning[]
}

/**
 * Checks bencode of unknown origin, and creates nothing but the positions of the entries that
 * matter. Accepts only valid bencode. Unsorted keys and white space after the end occur in
 * practice; they are accepted with a warning.
 *
 * The npm `bencode` codec is not strict enough: it accepts truncated strings and trailing bytes,
 * converts keys that are not UTF-8 to hexadecimal, and obeys `__proto__`. It also rounds integers
 * beyond 2^53 and overflows the stack on deep nesting. This check does not recurse, and its time is
 * proportional to the input: 0.1 s for a torrent of a million files, of which each object of a
 * decoder would cost more.
 *
 * `known` is an `info` without unsorted keys that was checked before, and is not checked again.
 * @throws BtkitError `bencode`, as `offset N: reason`, and `too-large` for too many values
 */
export function checkBencode(
  bytes: Uint8Array,
  limits: BencodeLimits,
  known: EncodedDict | null = null,
): CheckedBencode {
  if (bytes.length > limits.maxSize) {
    throw bencodeError(limits.maxSize, `more than the ${limits.maxSize} bytes allowed`)
  }
  return new Checker(bytes, limits, known).check()
}

const WHITE_SPACE = [0x20, 0x09, 0x0a, 0x0d]

/** A list or dictionary that is still open. Frames are reused, level by level. */
interface Frame {
  start: number
  isDict: boolean
  /** Whether a key comes next; false in a list. */
  isKeyNext: boolean
  isUnsorted: boolean
  /** Its keys, once they are not in order. */
  seen: Set<string> | null
  /** The place of its first key in the list of keys. */
  firstKey: number
  /** Where the positions of its entries go; null for most dictionaries. */
  spans: Spans | null
}

class Checker {
  readonly #bytes: Uint8Array
  readonly #known: EncodedDict | null
  readonly #maxDepth: number
  readonly #maxValues: number
  /** Where the next value or key begins. */
  #at = 0
  readonly #frames: Frame[] = []
  #depth = 0
  #frame: Frame | null = null
  /** The beginning and the end of each key so far of the open dictionaries, in pairs. */
  readonly #keys: number[] = []
  #keyCount = 0
  readonly #spans: Spans = new Map()
  readonly #infoSpans: Spans = new Map()
  readonly #warnings = new WarningList()
  #valueCount = 0

  constructor(
    bytes: Uint8Array,
    { maxDepth, maxValues = MAX_VALUES }: BencodeLimits,
    known: EncodedDict | null,
  ) {
    this.#bytes = bytes
    this.#known = known
    this.#maxDepth = maxDepth
    this.#maxValues = maxValues
  }

  check(): CheckedBencode {
    do this.#step()
    while (this.#frame !== null)
    this.#checkTail()
    return {
      spans: this.#spans,
      infoSpans: this.#infoSpans,
      warnings: this.#warnings.toArray(),
    }
  }

  /** Reads the next key, scalar, opening or end. */
  #step(): void {
    const at = this.#at
    const frame = this.#frame
    const byte = this.#bytes[at]
    if (frame !== null && byte === END) this.#close(frame)
    else if (frame?.isKeyNext === true) this.#takeKey(frame)
    else if (byte === LIST || byte === DICT) this.#open(byte === DICT)
    else if (byte === INTEGER) this.#attach(at, checkInteger(this.#bytes, at))
    else if (isDigit(byte)) this.#attach(at, checkString(this.#bytes, at))
    else throw byte === undefined ? cutOff(this.#bytes, at) : bencodeError(at, 'not a value')
  }

  #open(isDict: boolean): void {
    const start = this.#at
    const depth = this.#depth
    if (depth === this.#maxDepth) throw bencodeError(start, `nested deeper than ${depth}`)
    const spans = isDict ? this.#spansOfNext() : null
    if (spans === this.#infoSpans && this.#isKnown(start)) return
    const frame = (this.#frames[depth] ??= {
      start,
      isDict,
      isKeyNext: isDict,
      isUnsorted: false,
      seen: null,
      firstKey: 0,
      spans: null,
    })
    frame.start = start
    frame.isDict = isDict
    frame.isKeyNext = isDict
    frame.isUnsorted = false
    frame.seen = null
    frame.firstKey = this.#keyCount
    frame.spans = spans
    this.#frame = frame
    this.#depth = depth + 1
    this.#at = start + 1
  }

  /** Returns the map for the entries of the dictionary that begins here, if they matter. */
  #spansOfNext(): Spans | null {
    if (this.#depth === 0) return this.#spans
    const isInfo = this.#depth === 1 && this.#frame?.isDict === true && this.#lastKey() === 'info'
    return isInfo ? this.#infoSpans : null
  }

  /** Leaves an `info` behind that was checked before; false if this is another one. */
  #isKnown(start: number): boolean {
    if (this.#known === null) return false
    const { bytes, spans } = this.#known
    const end = start + bytes.length
    if (Buffer.compare(this.#bytes.subarray(start, end), bytes) !== 0) return false
    for (const [key, span] of spans) this.#infoSpans.set(key, moveSpan(span, start))
    this.#attach(start, end)
    return true
  }

  #close(frame: Frame): void {
    const end = this.#at + 1
    if (frame.isDict && !frame.isKeyNext)
      throw bencodeError(this.#at, 'dictionary key without a value')
    this.#keyCount = frame.firstKey
    this.#depth -= 1
    this.#frame = this.#frames[this.#depth - 1] ?? null
    this.#attach(frame.start, end)
  }

  /** Counts a complete value, and leaves it behind. */
  #attach(start: number, end: number): void {
    this.#valueCount += 1
    if (this.#valueCount > this.#maxValues)
      throw new BtkitError('too-large', `offset ${start}: more than ${this.#maxValues} values`)
    this.#at = end
    const frame = this.#frame
    if (frame === null || !frame.isDict) return
    frame.isKeyNext = true
    frame.spans?.set(this.#lastKey(), { keyStart: this.#keys[this.#keyCount - 2] ?? 0, start, end })
  }

  #takeKey(frame: Frame): void {
    const start = this.#at
    const byte = this.#bytes[start]
    if (byte === undefined) throw cutOff(this.#bytes, start)
    if (!isDigit(byte)) throw bencodeError(start, 'dictionary key that is not a string')
    const end = checkString(this.#bytes, start)
    const isFirst = this.#keyCount === frame.firstKey
    if (frame.isUnsorted || !(isFirst || this.#isBehindLastKey(start, end)))
      this.#checkDisorder(frame, start, end)
    this.#keys[this.#keyCount++] = start
    this.#keys[this.#keyCount++] = end
    frame.isKeyNext = false
    this.#at = end
  }

  /** Whether a key sorts behind the last one, by bytes. */
  #isBehindLastKey(start: number, end: number): boolean {
    const bytes = this.#bytes
    let at = contentOfString(bytes, start)
    let last = contentOfString(bytes, this.#keys[this.#keyCount - 2] ?? 0)
    const lastEnd = this.#keys[this.#keyCount - 1] ?? 0
    for (; at < end && last < lastEnd; at += 1, last += 1) {
      const difference = (bytes[at] ?? 0) - (bytes[last] ?? 0)
      if (difference !== 0) return difference > 0
    }
    return end - at > lastEnd - last
  }

  #lastKey(): string {
    return this.#keyAt(this.#keyCount - 2)
  }

  #keyAt(place: number): string {
    const start = contentOfString(this.#bytes, this.#keys[place] ?? 0)
    return keyText(this.#bytes, start, this.#keys[place + 1] ?? 0)
  }

  /** Only keys out of order are looked up: as long as the keys are sorted, none can repeat. */
  #checkDisorder(frame: Frame, start: number, end: number): void {
    const key = keyText(this.#bytes, contentOfString(this.#bytes, start), end)
    frame.seen ??= new Set()
    for (let at = frame.firstKey + 2 * frame.seen.size; at < this.#keyCount; at += 2) {
      frame.seen.add(this.#keyAt(at))
    }
    if (frame.seen.has(key))
      throw bencodeError(start, `dictionary key ${quoteText(key)} a second time`)
    if (frame.isUnsorted) return
    frame.isUnsorted = true
    this.#warnings.add(
      'unsorted-keys',
      () =>
        `offset ${frame.start}: dictionary with unsorted keys, first ${quoteText(key)} at ${start}`,
    )
  }

  #checkTail(): void {
    const bytes = this.#bytes
    const offset = this.#at
    for (let at = offset; at < bytes.length; at += 1) {
      if (!WHITE_SPACE.includes(bytes[at] ?? 0)) {
        throw bencodeError(offset, `${count(bytes.length - offset, 'more byte')} after the end`)
      }
    }
    if (offset < bytes.length) {
      this.#warnings.add('trailing-space', () => `offset ${offset}: white space after the end`)
    }
  }
}

/** Returns a position in bytes that begin `by` bytes earlier. */
export function moveSpan({ keyStart, start, end }: Span, by: number): Span {
  return { keyStart: keyStart + by, start: start + by, end: end + by }
}

/** The most digits of a 64-bit integer. */
const MAX_DIGITS = 19

const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n

/** The advice about bencode that is not whole. */
export const GET_AGAIN = 'get it again'

/** The error for invalid bencode at an offset. */
function bencodeError(offset: number, reason: string): BtkitError {
  return new BtkitError('bencode', `offset ${offset}: ${reason}`)
}

/**
 * Checks the integer at an offset, which is that of its `i`, and returns the offset of its end.
 * @throws BtkitError `bencode`
 */
function checkInteger(bytes: Uint8Array, start: number): number {
  const firstDigit = start + (bytes[start + 1] === MINUS ? 2 : 1)
  if (bytes[firstDigit] === ZERO && isDigit(bytes[firstDigit + 1])) {
    throw bencodeError(start, 'integer with a leading zero')
  }
  let end = firstDigit
  while (isDigit(bytes[end])) {
    if (end - firstDigit === MAX_DIGITS) throw outOfRange(start)
    end += 1
  }
  const digits = end - firstDigit
  if (end >= bytes.length) throw cutOff(bytes, start)
  if (bytes[end] !== END) throw bencodeError(end, 'not a digit of an integer')
  if (digits === 0) throw bencodeError(start, 'integer without digits')
  const isMinusZero = bytes[firstDigit] === ZERO && firstDigit > start + 1
  if (isMinusZero) throw bencodeError(start, 'integer that is minus zero')
  if (digits > EXACT_DIGITS) checkRange(bytes, start, end)
  return end + 1
}

function checkRange(bytes: Uint8Array, start: number, end: number): void {
  const value = BigInt(String.fromCharCode(...bytes.subarray(start + 1, end)))
  if (value < MIN_INTEGER || value > MAX_INTEGER) throw outOfRange(start)
}

function outOfRange(offset: number): BtkitError {
  return bencodeError(offset, 'integer beyond 64 bits')
}

/**
 * Checks the string at an offset, which is that of its length, and returns the offset of its end.
 * @throws BtkitError `bencode`
 */
function checkString(bytes: Uint8Array, start: number): number {
  let colon = start
  let length = 0
  while (isDigit(bytes[colon])) {
    length = length * 10 + ((bytes[colon] ?? 0) - ZERO)
    if (length > Number.MAX_SAFE_INTEGER) throw cutOff(bytes, start)
    colon += 1
  }
  if (colon > start + 1 && bytes[start] === ZERO) {
    throw bencodeError(start, 'string length with a leading zero')
  }
  if (colon >= bytes.length) throw cutOff(bytes, start)
  if (bytes[colon] !== COLON) throw bencodeError(colon, 'not a digit of a string length')
  const end = colon + 1 + length
  if (end > bytes.length) throw cutOff(bytes, start, end)
  return end
}

/** The error for bytes that end within the value at an offset, before byte `least`. */
function cutOff({ length }: Uint8Array, offset: number, least = 0): BtkitError {
  const there = least > length ? `${length} of at least ${least} bytes` : count(length, 'byte')
  return bencodeError(offset, `cut off after ${there}; ${GET_AGAIN}`)
}
