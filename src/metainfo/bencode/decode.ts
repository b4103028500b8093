import { latin1 } from '../../bytes.js'
import {
  contentOfString,
  DICT,
  END,
  endOfString,
  EXACT_DIGITS,
  INTEGER,
  LIST,
  MINUS,
  ZERO,
} from './offsets.js'
import type { BencodeDict, BencodeValue } from './value.js'

const SLOTS = 256

/**
 * Longest key in the cache. Longer keys are rare, and comparing them costs more than creating them.
 */
const LONGEST = 32

/** Shared by all decoders, because creating it takes longer than reading a small torrent. */
const slots = new Array<string>(SLOTS).fill('')

/**
 * Decodes the value at an offset of bytes that checkBencode accepted. Byte strings are views of
 * `bytes`, not copies.
 */
export function decodeBencode(bytes: Uint8Array, at = 0): BencodeValue {
  return new Decoder(bytes, at).value()
}

/** Recursion is safe: the check limits the depth. */
class Decoder {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  value(): BencodeValue {
    const byte = this.#bytes[this.#at]
    if (byte === INTEGER) return this.#integer()
    if (byte === LIST) return this.#list()
    return byte === DICT ? this.#dict() : this.#string()
  }

  #list(): BencodeValue[] {
    const list: BencodeValue[] = []
    this.#at += 1
    while (this.#bytes[this.#at] !== END) list.push(this.value())
    this.#at += 1
    return list
  }

  #dict(): BencodeDict {
    const dict: BencodeDict = new Map()
    this.#at += 1
    while (this.#bytes[this.#at] !== END) {
      const key = keyOf(this.#string())
      dict.set(key, this.value())
    }
    this.#at += 1
    return dict
  }

  #integer(): number | bigint {
    const start = this.#at + 1
    let end = start
    while (this.#bytes[end] !== END) end += 1
    this.#at = end + 1
    return integerOf(this.#bytes.subarray(start, end))
  }

  #string(): Uint8Array {
    const content = contentOfString(this.#bytes, this.#at)
    this.#at = endOfString(this.#bytes, this.#at)
    // A plain view: subarray() of a Buffer would create Buffers, which are slower and print
    // differently
    const { buffer, byteOffset } = this.#bytes
    return new Uint8Array(buffer, byteOffset + content, this.#at - content)
  }
}

/** The value of an integer's digits: a number if that is exact. */
function integerOf(digits: Uint8Array): number | bigint {
  if (digits.length > EXACT_DIGITS) {
    const value = BigInt(String.fromCharCode(...digits))
    const rounded = Number(value)
    return Number.isSafeInteger(rounded) ? rounded : value
  }
  const isNegative = digits[0] === MINUS
  let value = 0
  for (let at = isNegative ? 1 : 0; at < digits.length; at += 1) {
    value = value * 10 + ((digits[at] ?? 0) - ZERO)
  }
  return isNegative ? -value : value
}

/**
 * Converts the bytes of a dictionary key to a latin1 string. A torrent of a million files contains
 * `length` and `path` a million times. Remembering the latest keys saves both time and memory.
 */
function keyOf(bytes: Uint8Array): string {
  const { length } = bytes
  if (length > LONGEST) return latin1(bytes)
  const slot = (length * 31 + (bytes[0] ?? 0) * 7 + (bytes[length - 1] ?? 0)) % SLOTS
  const known = slots[slot]
  if (known !== undefined && isSame(known, bytes)) return known
  const text = latin1(bytes)
  slots[slot] = text
  return text
}

function isSame(text: string, bytes: Uint8Array): boolean {
  if (text.length !== bytes.length) return false
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) !== bytes[at]) return false
  }
  return true
}
