/** The bytes of bencode's grammar. */
export const END = 0x65
export const INTEGER = 0x69
export const LIST = 0x6c
export const DICT = 0x64
export const ZERO = 0x30
export const MINUS = 0x2d
export const COLON = 0x3a

/** The most digits of an integer that are always exact in a number. */
export const EXACT_DIGITS = 15

/** Whether `byte` is an ASCII digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9
}

/** Returns the offset of the content of a checked string. */
export function contentOfString(bytes: Uint8Array, at: number): number {
  let colon = at + 1
  while (bytes[colon] !== COLON) colon += 1
  return colon + 1
}

/** Returns the offset of the end of a checked string. */
export function endOfString(bytes: Uint8Array, at: number): number {
  let length = 0
  let colon = at
  for (let byte = bytes[at]; byte !== undefined && byte !== COLON; byte = bytes[colon]) {
    length = length * 10 + (byte - ZERO)
    colon += 1
  }
  return colon + 1 + length
}

/** Returns the offset of the end of a checked value. */
export function endOfValue(bytes: Uint8Array, start: number): number {
  let at = start
  let depth = 0
  do {
    const byte = bytes[at]
    if (byte === INTEGER) at = bytes.indexOf(END, at) + 1
    else if (byte === LIST || byte === DICT || byte === END) {
      depth += byte === END ? -1 : 1
      at += 1
    } else at = endOfString(bytes, at)
  } while (depth > 0)
  return at
}

/**
 * Returns the number of items in checked values, as libtorrent counts them: also keys, and the ends
 * of lists and dictionaries.
 */
export function countItems(bytes: Uint8Array): number {
  let items = 0
  for (let at = 0; at < bytes.length; items += 1) {
    if (bytes[at] === INTEGER) at = bytes.indexOf(END, at) + 1
    else at = isDigit(bytes[at]) ? endOfString(bytes, at) : at + 1
  }
  return items
}
