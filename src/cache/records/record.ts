/** The version of the records' format. What a newer btkit wrote is left alone. */
export const FORMAT = 1
/** The key under which a store keeps the version of its format. */
export const FORMAT_KEY = Buffer.from('m/format')

/**
 * What every record begins with: its kind as a capital letter, the version of its kind, the day on
 * which it was last of use, and a checksum, as the database has none.
 */
const HEADER_LENGTH = 10

/** Where the checksum stands in that. */
const CHECKSUM_AT = 6

/**
 * What records of btkit 0.1 begin with: their kind, the day, and the checksum of the body alone. They
 * are of version 1, and stay valid: the digests of terabytes may be among them.
 */
const OLD_HEADER_LENGTH = 9

const DAY_MS = 86_400_000

/** The kinds of records, by the letter that their keys and values begin with. */
export const RECORD_KINDS = {
  file: 'f',
  piece: 'p',
  tree: 't',
  info: 'i',
  layers: 'l',
  output: 'o',
  set: 's',
  digest: 'd',
} as const
export type RecordKind = keyof typeof RECORD_KINDS

/**
 * The versions of the records' bodies, by kind. Whoever changes what a kind's bodies look like or
 * mean raises its number: records of that kind are then made anew, and all others stay.
 */
export const RECORD_VERSIONS: Readonly<Record<RecordKind, number>> = {
  file: 1,
  piece: 1,
  tree: 1,
  info: 1,
  layers: 1,
  output: 1,
  set: 1,
  digest: 1,
}

/** The longest key that the database takes as it is. */
const MAX_KEY = 1900

/** A record as it is stored. */
export interface StoredRecord {
  /** Days since 1970. */
  readonly lastUsed: number
  readonly body: Uint8Array
}

/** Days since 1970 of a moment in milliseconds. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}

/** Days between two notes of a record's use: to note it is a write. The last use may be later. */
export const DAYS_BETWEEN_NOTES = 7

/** Whether a record's use on a day is to be noted; the clock may have been set back. */
export function isNoteDue({ lastUsed }: Pick<StoredRecord, 'lastUsed'>, today: number): boolean {
  return Math.abs(today - lastUsed) >= DAYS_BETWEEN_NOTES
}

/** Whether a record can't have been used on a day or since. */
export function isUnusedSince({ lastUsed }: Pick<StoredRecord, 'lastUsed'>, day: number): boolean {
  return lastUsed + DAYS_BETWEEN_NOTES <= day
}

/** The key of a record. A name that is too long for the database is replaced by its digest. */
export function recordKey(kind: RecordKind, name: string | Uint8Array, digest: Digest): Buffer {
  const letter = RECORD_KINDS[kind]
  const key =
    typeof name === 'string'
      ? Buffer.from(letter + name)
      : Buffer.concat([Buffer.from(letter), name])
  if (key.length <= MAX_KEY) return key
  return Buffer.concat([Buffer.from(letter.toUpperCase()), digest(key.subarray(1))])
}

export type Digest = (bytes: Uint8Array) => Uint8Array

/** The kind of the record under a key, or null when it is none of ours. */
export function kindOf(key: Uint8Array): RecordKind | null {
  return KINDS_BY_LETTER.get(String.fromCharCode(key[0] ?? 0).toLowerCase()) ?? null
}

const KINDS_BY_LETTER = new Map(
  (Object.keys(RECORD_KINDS) as RecordKind[]).map((kind) => [RECORD_KINDS[kind] as string, kind]),
)

/** The bytes of a record for a key, with its header in front. */
export function packRecord(key: Uint8Array, { lastUsed, body }: StoredRecord): Buffer {
  const kind = kindOf(key)
  if (kind === null) throw new Error('the key of no record')
  const packed = Buffer.allocUnsafe(HEADER_LENGTH + body.length)
  packed.write(RECORD_KINDS[kind].toUpperCase(), 0, 'latin1')
  packed.writeUInt8(RECORD_VERSIONS[kind], 1)
  packed.writeUInt32LE(lastUsed, 2)
  packed.set(body, HEADER_LENGTH)
  packed.writeUInt32LE(checksumOf(key, packed), CHECKSUM_AT)
  return packed
}

/**
 * Reads the record under a key; null when it is damaged, is that of another key, or has another
 * version than its kind has now. The body is a view of the bytes.
 */
export function unpackRecord(key: Uint8Array, packed: Uint8Array): StoredRecord | null {
  const header = readHeader(key, packed)
  if (!header || header.version !== RECORD_VERSIONS[header.kind] || !header.isIntact()) return null
  return { lastUsed: header.lastUsed, body: bytesFrom(packed, header.bodyAt) }
}

/** Whether the record under a key is as it was written, whatever its version. */
export function isIntact(key: Uint8Array, packed: Uint8Array): boolean {
  return readHeader(key, packed)?.isIntact() ?? false
}

interface Header {
  readonly kind: RecordKind
  readonly version: number
  readonly lastUsed: number
  /** Where the body begins. */
  readonly bodyAt: number
  readonly isIntact: () => boolean
}

/** Null when the bytes are no record of the key's kind. */
function readHeader(key: Uint8Array, packed: Uint8Array): Header | null {
  const kind = kindOf(key)
  if (kind === null || packed.length < OLD_HEADER_LENGTH) return null
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const letter = String.fromCharCode(packed[0] ?? 0)
  if (letter === RECORD_KINDS[kind]) {
    const isIntact = () =>
      view.getUint32(5, true) === checksum(bytesFrom(packed, OLD_HEADER_LENGTH))
    return {
      kind,
      version: 1,
      lastUsed: view.getUint32(1, true),
      bodyAt: OLD_HEADER_LENGTH,
      isIntact,
    }
  }
  if (letter !== RECORD_KINDS[kind].toUpperCase() || packed.length < HEADER_LENGTH) return null
  const isIntact = () => view.getUint32(CHECKSUM_AT, true) === checksumOf(key, packed)
  const lastUsed = view.getUint32(2, true)
  return { kind, version: view.getUint8(1), lastUsed, bodyAt: HEADER_LENGTH, isIntact }
}

/** The checksum of a record with its key: of all but the place of the checksum itself. */
function checksumOf(key: Uint8Array, packed: Uint8Array): number {
  let hash = checksum(key)
  for (let i = 0; i < packed.length; i++) {
    // No views of its parts, which would take longer to make than to read
    if (i === CHECKSUM_AT) i = HEADER_LENGTH
    if (i < packed.length) hash = Math.imul(hash ^ (packed[i] ?? 0), FNV_PRIME)
  }
  return hash >>> 0
}

/** A view of bytes. No Buffer, whose slices would be views of what does not last. */
function bytesFrom({ buffer, byteOffset, length }: Uint8Array, from: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, length - from)
}

const FNV_START = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a of 32 bits: tells bytes that were damaged by accident, not by intent. */
export function checksum(bytes: Uint8Array): number {
  let hash = FNV_START
  // By index, which takes a fifth of the time of an iterator
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME)
  return hash >>> 0
}
