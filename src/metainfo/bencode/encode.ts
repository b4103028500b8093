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
 * The canonical bencode of a value: keys in byte order, integers exact.
 *
 * @throws BtkitError `bencode` for what bencode can't hold: fractions, integers beyond 64 bits,
 * numbers that may be rounded, keys that are not latin1 strings of bytes
 */
export function encodeBencode(value: BencodeValue): Uint8Array {
  const writer = new Writer()
  writer.write(value)
  return writer.toBytes()
}

/** A shorter text, such as a length or a key, is written faster here than by native code. */
const SHORT = 24

/** One buffer that doubles: a torrent of a million files would be millions of little ones. */
class Writer {
  #buffer = Buffer.allocUnsafe(4096)
  #length = 0

  write(value: BencodeValue): void {
    if (value instanceof Uint8Array) this.#writeString(value)
    else if (Array.isArray(value)) this.#writeList(value)
    else if (value instanceof Map) this.#writeDict(value)
    else this.#writeInteger(value)
  }

  toBytes(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length))
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
      checkKey(key)
      this.#writeLatin1(String(key.length))
      this.#writeByte(COLON)
      this.#writeLatin1(key)
      this.write(value)
    }
    this.#writeByte(END)
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

/** The entries in byte order, which on latin1 strings is the order of `<`. */
function sortedEntries(dict: BencodeDict): Iterable<[string, BencodeValue]> {
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
    throw new BtkitError('bencode', `${quoteText(key)}: not a key made of bytes`)
}
