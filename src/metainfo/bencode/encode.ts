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
  const writer = new BencodeWriter()
  writer.write(value)
  return writer.toBytes()
}

/** Encodes a dictionary whose values are encoded already, as encodeBencode does. */
export function encodeDict(values: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('d')]
  for (const [key, value] of sortedEntries(values)) parts.push(encodeKey(key), value)
  parts.push(Buffer.from('e'))
  return join(parts)
}

/**
 * Joins parts into a buffer of its own. Buffer.concat uses a shared pool, which stays in memory as
 * long as any of its users.
 */
function join(parts: readonly Uint8Array[]): Buffer {
  const joined = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Caches encoded keys, because torrents have few different keys. */
function encodeKey(key: string): Uint8Array {
  const known = encodedKeys.get(key)
  if (known) return known
  checkKey(key)
  const encoded = Buffer.from(`${key.length}:${key}`, 'latin1')
  if (encodedKeys.size < MOST_KEYS) encodedKeys.set(key, encoded)
  return encoded
}

const encodedKeys = new Map<string, Uint8Array>()
const MOST_KEYS = 100

/** The longest text that is written faster here than by native code, such as a length or a key. */
const SHORT = 24

/** A buffer for reuse; null while it is in use. */
let spare: Buffer | null = null

/** Largest buffer that is kept for reuse, in bytes. */
const MAX_SPARE = 64 * 1024

/**
 * Writes bencode to one buffer that doubles when it is full. A torrent of a million files would
 * otherwise need millions of small buffers.
 */
export class BencodeWriter {
  #buffer: Buffer
  #length = 0

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

  /** Begins a list, which `end` ends. */
  beginList(): void {
    this.#writeByte(LIST)
  }

  /** Begins a dictionary, which `end` ends. Its keys must be written in byte order. */
  beginDict(): void {
    this.#writeByte(DICT)
  }

  /** Writes a key; its value must follow. */
  writeKey(key: string): void {
    checkKey(key)
    this.#writeLatin1(String(key.length))
    this.#writeByte(COLON)
    this.#writeLatin1(key)
  }

  end(): void {
    this.#writeByte(END)
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
    this.beginList()
    for (const value of values) this.write(value)
    this.end()
  }

  #writeDict(dict: BencodeDict): void {
    this.beginDict()
    for (const [key, value] of sortedEntries(dict)) {
      this.writeKey(key)
      this.write(value)
    }
    this.end()
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
