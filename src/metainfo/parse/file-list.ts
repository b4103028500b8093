import { isUtf8 } from 'node:buffer'
import { decodeBencode } from '../bencode/decode.js'
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
import type { Span } from '../bencode/value.js'
import type { FileList, MetainfoFile } from '../metainfo.js'
import { isPlainName } from '../name.js'
import { WarningList } from '../warning.js'
import { readFile } from './file-entry.js'

/** A list of files that exists already. */
export function listOf(files: readonly MetainfoFile[]): FileList {
  const pads = files.filter(({ padding }) => padding)
  return {
    count: files.length,
    padCount: pads.length,
    size: sizeOf(files),
    padSize: sizeOf(pads),
    [Symbol.iterator]: () => files[Symbol.iterator](),
  }
}

function sizeOf(files: readonly MetainfoFile[]): number {
  return files.reduce((sum, { length }) => sum + length, 0)
}

/**
 * The list `info.files` (BEP 3) of a torrent, as it is encoded. A million files are checked in 0.2 s
 * without an object for any of them; each object would need 700 bytes. Iterating creates the files
 * one by one.
 *
 * Nearly all entries are plain: a length, and a path of safe names in UTF-8. These are recognized by
 * their bytes. All others are decoded and read by the rules of readFile, with its errors and
 * warnings.
 */
export class EncodedFileList implements FileList {
  count = 0
  padCount = 0
  size = 0
  padSize = 0
  /** Whether no path can be unsafe, or be listed twice. If false, the paths must be compared. */
  get isSafe(): boolean {
    return this.#isPlain && this.#orders !== 0
  }

  readonly #bytes: Uint8Array
  readonly #start: number
  /** The offset of the next byte while the list is checked. */
  #at: number
  /** The length of the plain entry that was recognized last. */
  #length = 0
  /** The first component of the path that was recognized last; 0 before the first. */
  #path = 0
  #isPlain = true
  /** The orders in which each path is behind the one before it. */
  #orders = BY_BOTH

  /**
   * Checks the list at a position of checked bytes.
   * @throws BtkitError `metainfo` as readFile
   */
  constructor(bytes: Uint8Array, { start }: Span, warnings: WarningList) {
    this.#bytes = bytes
    this.#start = start + 1
    this.#at = this.#start
    while (bytes[this.#at] !== END) {
      this.#check(warnings)
      this.count += 1
    }
  }

  *[Symbol.iterator](): Iterator<MetainfoFile> {
    const ignored = new WarningList()
    let at = this.#start
    for (let index = 0; index < this.count; index += 1) {
      yield readFile(decodeBencode(this.#bytes, at), index, ignored)
      at = endOfValue(this.#bytes, at)
    }
  }

  #check(warnings: WarningList): void {
    const start = this.#at
    const before = this.#path
    if (this.#recognize()) {
      this.size += this.#length
      if (before > 0) this.#orders &= ordersOf(this.#bytes, before, this.#path)
      return
    }
    this.#path = before
    this.#at = endOfValue(this.#bytes, start)
    const entry = decodeBencode(this.#bytes, start)
    const { path, length, padding } = readFile(entry, this.count, warnings)
    this.size += length
    if (padding) {
      this.padCount += 1
      this.padSize += length
    }
    // Pad files may share a path
    this.#isPlain &&= padding && path.every(isPlainName)
  }

  /** Reads the entry at the offset if it is plain, else returns false. */
  #recognize(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] !== DICT) return false
    this.#at += 1
    this.#length = -1
    this.#path = 0
    while (bytes[this.#at] !== END) {
      const key = contentOfString(bytes, this.#at)
      const end = endOfString(bytes, this.#at)
      this.#at = end
      if (isText(bytes, [key, end], 'length')) {
        if (!this.#recognizeLength()) return false
      } else if (isText(bytes, [key, end], 'path')) {
        if (!this.#recognizePath()) return false
      } else if (!this.#recognizeOther(key, end)) return false
    }
    this.#at += 1
    return this.#length >= 0 && this.#path > 0
  }

  #recognizeLength(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] !== INTEGER) return false
    let length = 0
    let at = this.#at + 1
    for (; isDigit(bytes[at]); at += 1) length = length * 10 + ((bytes[at] ?? 0) - ZERO)
    // A negative number has no digit here
    if (bytes[at] !== END || !Number.isSafeInteger(length)) return false
    this.#length = length
    this.#at = at + 1
    return true
  }

  #recognizePath(): boolean {
    const bytes = this.#bytes
    const start = this.#at
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
    this.#path = start + 1
    this.#at = at + 1
    return true
  }

  /** The attributes of pads and links have rules, and so has a second spelling of the path. */
  #recognizeOther(key: number, end: number): boolean {
    const bytes = this.#bytes
    const value = this.#at
    this.#at = endOfValue(bytes, value)
    if (isText(bytes, [key, end], 'attr')) return isText(bytes, [value, this.#at], '1:x')
    return !isText(bytes, [key, end], 'path.utf-8')
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
 * Returns all bits of a component's bytes, or -1 if a rule may apply to it: it is not a safe name, or
 * that of a pad file.
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
const BY_COMPONENTS = 1
const BY_TEXT = 2
const BY_BOTH = 3

/** Returns the orders in which the first of two paths, at their first components, is before the second. */
function ordersOf(bytes: Uint8Array, first: number, second: number): number {
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
