import { Buffer, isUtf8 } from 'node:buffer'
import {
  contentOfString,
  DICT,
  END,
  endOfString,
  endOfValue,
  INTEGER,
  isDigit,
  LIST,
  ZERO,
} from '../bencode/offsets.js'
import type { MetainfoFile } from '../metainfo.js'

/**
 * An entry in a list of files, in checked bytes. A plain entry has a length, and a path of safe
 * names in UTF-8; it is no pad file and no link. No rule of readFile applies to it.
 */
export class EntryCursor {
  /** The offset of the entry. */
  at: number
  isPlain = false
  /** The length of a plain entry's file. */
  length = 0
  /** The offset of the first component of a plain entry's path. */
  path = 0
  #attr = ''
  readonly #bytes: Uint8Array
  readonly #whole: Buffer
  /** The offset behind what has been read of the entry. */
  #next: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.at = at
    this.#next = at
    this.isPlain = this.#recognize()
  }

  /** Goes on to the next entry, or to the end of the list. */
  next(): void {
    this.at = this.isPlain ? this.#next : endOfValue(this.#bytes, this.at)
    this.#next = this.at
    this.isPlain = this.#recognize()
  }

  /** Creates the file of a plain entry. */
  toFile(): MetainfoFile {
    const bytes = this.#bytes
    const path: string[] = []
    for (let at = this.path; bytes[at] !== END;) {
      const end = endOfString(bytes, at)
      path.push(this.#whole.toString('utf8', contentOfString(bytes, at), end))
      at = end
    }
    return { path, length: this.length, padding: false, attr: this.#attr }
  }

  /** Reads the entry at the offset if it is plain, else returns false. */
  #recognize(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#next] !== DICT) return false
    this.#next += 1
    this.length = -1
    this.path = 0
    this.#attr = ''
    while (bytes[this.#next] !== END) {
      const key = contentOfString(bytes, this.#next)
      const end = endOfString(bytes, this.#next)
      this.#next = end
      if (isText(bytes, [key, end], 'length')) {
        if (!this.#recognizeLength()) return false
      } else if (isText(bytes, [key, end], 'path')) {
        if (!this.#recognizePath()) return false
      } else if (!this.#recognizeOther(key, end)) return false
    }
    this.#next += 1
    return this.length >= 0 && this.path > 0
  }

  #recognizeLength(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#next] !== INTEGER) return false
    let length = 0
    let at = this.#next + 1
    for (; isDigit(bytes[at]); at += 1) length = length * 10 + ((bytes[at] ?? 0) - ZERO)
    // A negative number has no digit here
    if (bytes[at] !== END || !Number.isSafeInteger(length)) return false
    this.length = length
    this.#next = at + 1
    return true
  }

  #recognizePath(): boolean {
    const bytes = this.#bytes
    const start = this.#next
    if (bytes[start] !== LIST) return false
    let at = start + 1
    let allBits = 0
    while (bytes[at] !== END) {
      if (!isDigit(bytes[at])) return false
      const end = endOfString(bytes, at)
      const bits = bitsOf(bytes, contentOfString(bytes, at), end)
      if (bits < 0) return false
      allBits |= bits
      at = end
    }
    if (at === start + 1 || (allBits >= NOT_ASCII && !isUtf8(bytes.subarray(start, at))))
      return false
    this.path = start + 1
    this.#next = at + 1
    return true
  }

  /** The attributes of pads and links have rules, and so has a second spelling of the path. */
  #recognizeOther(key: number, end: number): boolean {
    const bytes = this.#bytes
    const value = this.#next
    this.#next = endOfValue(bytes, value)
    if (!isText(bytes, [key, end], 'attr')) return !isText(bytes, [key, end], 'path.utf-8')
    this.#attr = 'x'
    return isText(bytes, [value, this.#next], '1:x')
  }
}

/** Whether a range of bytes is an ASCII text. */
function isText(bytes: Uint8Array, [start, end]: readonly [number, number], text: string): boolean {
  if (end - start !== text.length) return false
  for (let at = start; at < end; at += 1) {
    if (bytes[at] !== text.charCodeAt(at - start)) return false
  }
  return true
}

const SLASH = 0x2f
const BACKSLASH = 0x5c
const DOT = 0x2e
const UNDERSCORE = 0x5f

/** A byte beyond ASCII has this bit. */
const NOT_ASCII = 0x80

/** More underscores in a row may be the name of a pad file. */
const MOST_UNDERSCORES = 4

/**
 * Returns all bits of a component's bytes, or -1 if a rule may apply to it: it is not a safe name,
 * or that of a pad file.
 */
function bitsOf(bytes: Uint8Array, start: number, end: number): number {
  const isDots = bytes[start] === DOT && (end - start === 1 || bytes[start + 1] === DOT)
  if (end === start || (isDots && end - start <= 2)) return -1
  let bits = 0
  let underscores = 0
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === 0 || byte === SLASH || byte === BACKSLASH) return -1
    underscores = byte === UNDERSCORE ? underscores + 1 : 0
    if (underscores > MOST_UNDERSCORES) return -1
    bits |= byte
  }
  return bits
}

/** The orders in which a path can sort behind another one. They differ for `a.b` and `a/b`. */
export const BY_COMPONENTS = 1
const BY_TEXT = 2
export const BY_BOTH = 3

/**
 * Returns the orders in which the first of two paths, at their first components, is before the
 * second.
 */
export function ordersOf(bytes: Uint8Array, first: number, second: number): number {
  let [a, b] = [first, second]
  for (;;) {
    const aEnd = endOfString(bytes, a)
    const bEnd = endOfString(bytes, b)
    a = contentOfString(bytes, a)
    b = contentOfString(bytes, b)
    while (a < aEnd && b < bEnd && bytes[a] === bytes[b]) {
      a += 1
      b += 1
    }
    if (a < aEnd && b < bEnd) return (bytes[a] ?? 0) < (bytes[b] ?? 0) ? BY_BOTH : 0
    // As text, the end of a component is a slash, unless its path ends, too
    if (a < aEnd) return bytes[bEnd] !== END && (bytes[a] ?? 0) < SLASH ? BY_TEXT : 0
    if (b < bEnd) return bytes[aEnd] === END || (bytes[b] ?? 0) > SLASH ? BY_BOTH : BY_COMPONENTS
    if (bytes[aEnd] === END) return bytes[bEnd] === END ? 0 : BY_BOTH
    if (bytes[bEnd] === END) return 0
    a = aEnd
    b = bEnd
  }
}
