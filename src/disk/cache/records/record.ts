import { checksumOf, sha256 } from '../../../base/bytes.js'

/** The version of the record format. Stores of a newer version are not touched. */
export const FORMAT = 1
/** The key under which a store keeps its format version. */
export const FORMAT_KEY = Buffer.from('m/format')

/**
 * Length of a record's header in bytes. It holds the kind as a capital letter, the version of the
 * kind, the day of the last use, and a checksum. LMDB itself has no checksums.
 */
const HEADER_LENGTH = 10

/** Offset of the checksum in the header. */
const CHECKSUM_AT = 6

const DAY_MS = 86_400_000

/** The subject of a record. */
export type RecordKind = 'file' | 'piece' | 'tree' | 'info' | 'layers' | 'set' | 'digest'

/** The letter of each kind of record. Keys and values begin with the kind's letter. */
export const RECORD_KINDS = {
  file: 'f',
  piece: 'p',
  tree: 't',
  info: 'i',
  layers: 'l',
  set: 's',
  digest: 'd',
} as const satisfies Record<RecordKind, string>

/**
 * The versions of the record bodies, by kind. Raise a kind's number when the format or the meaning
 * of its bodies changes. Records of that kind are then recreated; all others stay.
 */
const RECORD_VERSIONS: Readonly<Record<RecordKind, number>> = {
  file: 1,
  piece: 1,
  tree: 1,
  info: 1,
  layers: 1,
  set: 1,
  digest: 1,
}

/** The longest key that LMDB accepts here. */
const MAX_KEY = 1900

/** A record as it is stored. */
export interface StoredRecord {
  /** Days since 1970. */
  readonly lastUsed: number
  readonly body: Uint8Array
}

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

/** Whether to update a record's last use. The clock may have been set back. */
export function isNoteDue({ lastUsed }: Pick<StoredRecord, 'lastUsed'>, today: number): boolean {
  return Math.abs(today - lastUsed) >= DAYS_BETWEEN_NOTES
}

/** Whether a record was certainly not used on a day or later. */
export function isUnusedSince({ lastUsed }: Pick<StoredRecord, 'lastUsed'>, day: number): boolean {
  return lastUsed + DAYS_BETWEEN_NOTES <= day
}

/** Returns the key of a record. A name that is too long is replaced by its digest. */
export function recordKey(kind: RecordKind, name: string | Uint8Array): Buffer {
  const letter = RECORD_KINDS[kind]
  const key =
    typeof name === 'string'
      ? Buffer.from(letter + name)
      : Buffer.concat([Buffer.from(letter), name])
  if (key.length <= MAX_KEY) return key
  return Buffer.concat([Buffer.from(letter.toUpperCase()), sha256(key.subarray(1))])
}

/** Returns the kind of the record under a key; null if the key is not a record's. */
export function kindOf(key: Uint8Array): RecordKind | null {
  return KINDS_BY_LETTER.get(String.fromCharCode(key[0] ?? 0).toLowerCase()) ?? null
}

const KINDS_BY_LETTER = new Map(
  (Object.keys(RECORD_KINDS) as RecordKind[]).map((kind) => [RECORD_KINDS[kind] as string, kind]),
)

/** Encodes a record for a key, with its header. */
export function packRecord(key: Uint8Array, { lastUsed, body }: StoredRecord): Buffer {
  const kind = kindOf(key)
  if (kind === null) throw new Error('the key of no record')
  const packed = Buffer.allocUnsafe(HEADER_LENGTH + body.length)
  packed.write(RECORD_KINDS[kind].toUpperCase(), 0, 'latin1')
  packed.writeUInt8(RECORD_VERSIONS[kind], 1)
  packed.writeUInt32LE(lastUsed, 2)
  packed.set(body, HEADER_LENGTH)
  packed.writeUInt32LE(recordChecksum(key, packed), CHECKSUM_AT)
  return packed
}

/**
 * Decodes the record under a key. Null if it is damaged, belongs to another key, or has another
 * version than its kind has now. The body is a view of `packed`.
 */
export function unpackRecord(key: Uint8Array, packed: Uint8Array): StoredRecord | null {
  const header = readHeader(key, packed)
  const { buffer, byteOffset, length } = packed
  if (header?.checksum !== recordChecksum(key, packed)) return null
  // Not a Buffer, because slices of a Buffer would share memory that becomes invalid
  const body = new Uint8Array(buffer, byteOffset + HEADER_LENGTH, length - HEADER_LENGTH)
  return { lastUsed: header.lastUsed, body }
}

/**
 * Reads the header of the record under a key without its body, which may be damaged. Null if the record
 * is of another kind, or has another version than its kind has now.
 */
export function readHeader(key: Uint8Array, packed: Uint8Array) {
  const kind = kindOf(key)
  if (kind === null || packed.length < HEADER_LENGTH) return null
  const isOfKind = packed[0] === RECORD_KINDS[kind].toUpperCase().charCodeAt(0)
  if (!isOfKind || packed[1] !== RECORD_VERSIONS[kind]) return null
  const view = new DataView(packed.buffer, packed.byteOffset, HEADER_LENGTH)
  return {
    kind,
    lastUsed: view.getUint32(2, true),
    checksum: view.getUint32(CHECKSUM_AT, true),
  }
}

/** Computes the checksum of a record and its key, without the checksum field itself. */
function recordChecksum(key: Uint8Array, packed: Uint8Array): number {
  const beginning = checksumOf(packed, [0, CHECKSUM_AT], checksumOf(key))
  return checksumOf(packed, [HEADER_LENGTH, packed.length], beginning)
}
