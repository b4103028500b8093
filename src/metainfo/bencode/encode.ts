import { Buffer } from 'node:buffer'
import { BtkitError } from '../../errors.js'
import type { BencodeDict, BencodeValue } from './value.js'
import { quoteText } from '../../text/escape.js'

const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n

const COLON = 0x3a
const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c
const DICT = 0x64

/**
 * Encodes a value as canonical bencode: keys in byte order, integers exact.
 *
 * @throws BtkitError `bencode` for values that bencode cannot represent: fractions, integers
 *   beyond 64 bits, numbers that may be rounded, keys that are not latin1 strings of bytes
 */
export function encodeBencode(value: BencodeValue): Uint8Array {
  const writer = new Writer()
  writer.write(value)
  return writer.toBytes()
}

/** A list whose elements are created while it is written, because there may be very many. */
export class LazyList {
  constructor(readonly values: Iterable<BencodeValue>) {}
}

/** A dictionary whose values are created while it is written. Its entries must be in byte order. */
export class LazyDict {
  constructor(readonly entries: Iterable<[string, BencodeValue | LazyDict]>) {}
}

/** A dictionary in which some values are created while they are written. */
export type LazyParts = Map<string, BencodeValue | LazyList | LazyDict>

/** Number of elements of lists and lazy dictionaries that are encoded in one step. */
const STEP = 50

/** Encodes a dictionary in steps, so that other work can run while a long list is encoded. */
export function* encodingBencode(dict: LazyParts): Generator<undefined, Uint8Array> {
  const writer = new Writer()
  yield* writer.writingDict(dict)
  return writer.toBytes()
}

/** The longest text that is written faster here than by native code, such as a length or a key. */
const SHORT = 24

/** A buffer for reuse; null while it is in use. */
let spare: Buffer | null = null

/** Largest buffer that is kept for reuse, in bytes. */
const MAX_SPARE = 64 * 1024

/**
 * Writes to one buffer that doubles when it is full. A torrent of a million files would otherwise
 * need millions of small buffers.
 */
class Writer {
  #buffer: Buffer
  #length = 0
  #written = 0

  constructor() {
    this.#buffer = spare ?? Buffer.allocUnsafe(4096)
    spare = null
  }

  write(value: BencodeValue): void {
    if (value instanceof Uint8Array) this.#writeString(value)
    else if (Array.isArray(value)) this.#writeList(value)
    else if (value instanceof Map) this.#writeDict(value)
    else this.#writeInteger(value)
  }

  /** Returns a copy of the written bytes. Call it only once, at the end. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#buffer.subarray(0, this.#length))
    if (this.#buffer.length <= MAX_SPARE) spare = this.#buffer
    return bytes
  }

  #writeInteger(value: number | bigint): void {
    checkInteger(value)
    this.#writeByte(INTEGER)
    this.#writeLatin1(String(value === 0 ? 0 : value))
    this.#writeByte(END)
  }

  #writeString(bytes: Uint8Array): void {
    this.#writeLatin1(String(bytes.length))
    this.#writeByte(COLON)
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #writeList(values: readonly BencodeValue[]): void {
    this.#writeByte(LIST)
    for (const value of values) this.write(value)
    this.#writeByte(END)
  }

  #writeDict(dict: BencodeDict): void {
    this.#writeByte(DICT)
    for (const [key, value] of sortedEntries(dict)) {
      this.#writeKey(key)
      this.write(value)
    }
    this.#writeByte(END)
  }

  *writingDict(dict: LazyParts): Generator<undefined, void> {
    this.#writeByte(DICT)
    for (const [key, value] of sortedEntries(dict)) {
      this.#writeKey(key)
      if (Array.isArray(value)) yield* this.#writingList(value)
      else if (value instanceof LazyList) yield* this.#writingList(value.values)
      else if (value instanceof LazyDict) yield* this.#writingLazy(value)
      else this.write(value)
    }
    this.#writeByte(END)
  }

  *#writingList(values: Iterable<BencodeValue>): Generator<undefined, void> {
    this.#writeByte(LIST)
    for (const value of values) {
      if (this.#isStepOver()) yield
      this.write(value)
    }
    this.#writeByte(END)
  }

  *#writingLazy({ entries }: LazyDict): Generator<undefined, void> {
    this.#writeByte(DICT)
    for (const [key, value] of entries) {
      if (this.#isStepOver()) yield
      this.#writeKey(key)
      if (value instanceof LazyDict) yield* this.#writingLazy(value)
      else this.write(value)
    }
    this.#writeByte(END)
  }

  #isStepOver(): boolean {
    return ++this.#written % STEP === 0
  }

  #writeKey(key: string): void {
    checkKey(key)
    this.#writeLatin1(String(key.length))
    this.#writeByte(COLON)
    this.#writeLatin1(key)
  }

  #writeLatin1(text: string): void {
    this.#reserve(text.length)
    if (text.length > SHORT) {
      this.#length += this.#buffer.write(text, this.#length, 'latin1')
      return
    }
    for (let at = 0; at < text.length; at += 1) {
      this.#buffer[this.#length + at] = text.charCodeAt(at)
    }
    this.#length += text.length
  }

  #writeByte(byte: number): void {
    this.#reserve(1)
    this.#buffer[this.#length] = byte
    this.#length += 1
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}

/** Returns the entries in byte order. On latin1 strings `<` compares in byte order. */
export function sortedEntries<T>(dict: ReadonlyMap<string, T>): Iterable<[string, T]> {
  let last: string | null = null
  for (const key of dict.keys()) {
    if (last !== null && key < last) return [...dict].sort(([a], [b]) => (a < b ? -1 : 1))
    last = key
  }
  return dict
}

function checkInteger(value: number | bigint): void {
  const isExact = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (!isExact) throw new BtkitError('bencode', `${value}: not an exact integer`)
  if (value < MIN_INTEGER || value > MAX_INTEGER) {
    throw new BtkitError('bencode', `${value}: an integer beyond 64 bits`)
  }
}

const NOT_LATIN1 = /[^\0-\xff]/

function checkKey(key: string): void {
  if (NOT_LATIN1.test(key))
    throw new BtkitError('bencode', `${quoteText(key)}: has characters that are not bytes`)
}
