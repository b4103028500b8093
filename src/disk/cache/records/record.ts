import { checksumOf } from '../../../base/bytes.js'

const DAY_MS = 86_400_000

/** The subject of a record. */
export type RecordKind = 'file' | 'piece' | 'tree' | 'info' | 'layers' | 'digest'

/**
 * The letter of each kind of record, and the version of its bodies. Keys begin with both. Raise a
 * kind's version when the format or the meaning of its bodies changes. Records of that kind are
 * then recreated; all others stay.
 */
export const RECORD_KINDS = {
  file: 'f1',
  piece: 'p1',
  tree: 't1',
  info: 'i1',
  layers: 'l1',
  digest: 'd2',
} as const satisfies Record<RecordKind, string>

/** Length of the checksum that begins a value in bytes: SQLite itself has no checksums. */
const CHECKSUM_LENGTH = 4

/** Converts milliseconds since 1970 to days since 1970. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}

/**
 * Minimum days between two updates of a record's last use, because each update is a write. The
 * actual last use may be later.
 */
const DAYS_BETWEEN_NOTES = 7

/** The same in seconds. */
export const SECONDS_BETWEEN_NOTES = DAYS_BETWEEN_NOTES * 86_400

/** Whether to update a record's last use, a day. The clock may have been set back. */
export function isNoteDue(used: number, today: number): boolean {
  return Math.abs(today - used) >= DAYS_BETWEEN_NOTES
}

/** The last day in a record of which it is certain that it was not used on `day` or later. */
export function lastUnused(day: number): number {
  return day - DAYS_BETWEEN_NOTES
}

/** Returns the key of a record. */
export function recordKey(kind: RecordKind, name: string | Uint8Array): Buffer {
  const letter = RECORD_KINDS[kind]
  if (typeof name === 'string') return Buffer.from(letter + name)
  return Buffer.concat([Buffer.from(letter), name])
}

/** Encodes the value under a key, with its checksum. */
export function packRecord(key: Uint8Array, body: Uint8Array): Buffer {
  const packed = Buffer.allocUnsafe(CHECKSUM_LENGTH + body.length)
  packed.set(body, CHECKSUM_LENGTH)
  packed.writeUInt32LE(recordChecksum(key, packed), 0)
  return packed
}

/** Decodes the value under a key into a view. Null if it is damaged, or belongs to another key. */
export function unpackRecord(key: Uint8Array, packed: Uint8Array): Uint8Array | null {
  const { buffer, byteOffset, length } = packed
  if (length < CHECKSUM_LENGTH) return null
  const checksum = new DataView(buffer, byteOffset, length).getUint32(0, true)
  return checksum === recordChecksum(key, packed) ? packed.subarray(CHECKSUM_LENGTH) : null
}

/** Computes the checksum of a key and a body, without the checksum itself. */
function recordChecksum(key: Uint8Array, packed: Uint8Array): number {
  return checksumOf(packed, [CHECKSUM_LENGTH, packed.length], checksumOf(key))
}
