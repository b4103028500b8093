/**
 * What bencode can hold. An integer is a `number` when that is exact and a `bigint` otherwise; a
 * string is bytes, because bencode knows no text.
 */
export type BencodeValue = number | bigint | Uint8Array | BencodeValue[] | BencodeDict

/**
 * A dictionary. A key is the latin1 ("binary") string of its bytes: that is exact for any bytes,
 * `<` on it is bencode's byte order. In a Map the key `__proto__` is like any other.
 */
export type BencodeDict = Map<string, BencodeValue>

/** Where an entry of the top-level dictionary stands: offsets in bytes, `end` not included. */
export interface Span {
  /** The first byte of the key (of its length digits). */
  readonly keyStart: number
  /** The first byte of the value. */
  readonly start: number
  /** The byte after the value. */
  readonly end: number
}

/** Whether `value` is a byte string. */
export function isByteString(value: BencodeValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array
}
