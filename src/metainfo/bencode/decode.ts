import { keyText } from './keys.js'
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
      const content = contentOfString(this.#bytes, this.#at)
      this.#at = endOfString(this.#bytes, this.#at)
      dict.set(keyText(this.#bytes, content, this.#at), this.value())
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
