import { BtkitError } from '../../errors.js'
import { isDigit, skipString, takeInteger, takeString, type Cursor } from '../bencode/scalars.js'

const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c
const DICT = 0x64

/** Keys of `info` that describe the content; a torrent has at least one of them (BEP 3, BEP 52). */
const CONTENT_KEYS = ['pieces', 'file tree']

/**
 * Whether bytes are a torrent: a dictionary, in which `info` has a piece length and digests. Other
 * faults are ignored. No values are created, so that large inputs are fast, such as a torrent of a
 * hundred thousand files.
 */
export function isTorrent(bytes: Uint8Array): boolean {
  const cursor: Cursor = { bytes, offset: 0 }
  try {
    let hasInfo = false
    for (const key of keysOf(cursor)) {
      if (key === 'info' && bytes[cursor.offset] === DICT) hasInfo = isInfo(cursor)
      else skipValue(cursor)
    }
    return hasInfo && isBlank(bytes.subarray(cursor.offset))
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'bencode') return false
    throw error
  }
}

function isInfo(cursor: Cursor): boolean {
  const keys = new Set<string>()
  for (const key of keysOf(cursor)) {
    keys.add(key)
    skipValue(cursor)
  }
  return keys.has('piece length') && CONTENT_KEYS.some((key) => keys.has(key))
}

/**
 * Yields the keys of the dictionary at the cursor. Before the next step, the caller must move the
 * cursor behind the value.
 */
function* keysOf(cursor: Cursor): Generator<string> {
  const { bytes } = cursor
  if (bytes[cursor.offset] !== DICT) throw new BtkitError('bencode', 'not a dictionary')
  cursor.offset++
  while (bytes[cursor.offset] !== END) yield Buffer.from(takeString(cursor)).toString('latin1')
  cursor.offset++
}

function skipValue(cursor: Cursor): void {
  const { bytes } = cursor
  let depth = 0
  do {
    const byte = bytes[cursor.offset]
    if (byte === INTEGER) takeInteger(cursor)
    else if (isDigit(byte)) skipString(cursor)
    else if (byte === LIST || byte === DICT) depth += step(cursor, 1)
    else if (byte === END && depth > 0) depth += step(cursor, -1)
    else throw new BtkitError('bencode', `offset ${cursor.offset}: not a value`)
  } while (depth > 0)
}

function step(cursor: Cursor, change: number): number {
  cursor.offset++
  return change
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.length === 0 || Buffer.from(bytes).toString('latin1').trim() === ''
}
