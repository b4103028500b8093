import type { PieceCache } from '../cache/piece-cache.js'
import { recordKey } from '../cache/records/record.js'
import { fileRecordName, type FileKey } from '../cache/records/file.js'
import type { TreeKey } from '../cache/records/tree.js'
import type { Store } from '../cache/store/store.js'
import { digestOf } from '../digest.js'

/** The machine that computed an adopted record, and its epoch then. */
export interface Origin {
  readonly machine: string
  readonly epoch: number
}

/** Followed by the key of the record: neighbours are written to the same pages. */
const PREFIX = Buffer.from('m/origin/')

function originKey(key: FileKey | TreeKey): Buffer {
  const record =
    'phase' in key
      ? recordKey('file', fileRecordName(key), sha256)
      : recordKey('tree', key.path, sha256)
  return Buffer.concat([PREFIX, record])
}

const sha256 = (bytes: Uint8Array) => digestOf('sha256', bytes)

/** Returns the origin of a record in the piece cache; null if this machine computed it. */
export function originOf({ store }: PieceCache, key: FileKey | TreeKey): Origin | null {
  const packed = store.get(originKey(key))
  return packed ? unpackOrigin(packed) : null
}

/** Notes the origin of a record; null for this machine. */
export function noteOrigin({ store }: PieceCache, key: FileKey | TreeKey, origin: Origin | null) {
  if (origin === null) {
    store.remove(originKey(key))
    return
  }
  const packed = Buffer.from(`1234${origin.machine}`)
  packed.writeUInt32BE(origin.epoch)
  store.put(originKey(key), packed)
}

function unpackOrigin(packed: Uint8Array): Origin | null {
  const bytes = Buffer.from(packed)
  return bytes.length < 5
    ? null
    : { epoch: bytes.readUInt32BE(0), machine: bytes.toString('utf8', 4) }
}

/**
 * Removes the adopted records that were revoked, and everything composed of digests. Returns the
 * number of adopted records.
 */
export function removeRevoked(store: Store, isRevoked: (origin: Origin) => boolean): number {
  const revoked: Uint8Array[] = []
  for (const { key, value } of entriesWith(store, PREFIX)) {
    const origin = unpackOrigin(value)
    if (origin && isRevoked(origin)) revoked.push(key, key.subarray(PREFIX.length))
  }
  for (const key of revoked) store.remove(key)
  // An encoded torrent does not tell whose digests are in it
  for (const prefix of revoked.length > 0 ? COMPOSED : []) {
    const entries = [...entriesWith(store, prefix)]
    for (const { key } of entries) store.remove(key)
  }
  return revoked.length / 2
}

/** The first bytes of keys of `info` and of piece layers. */
const COMPOSED = ['i', 'l'].map((letter) => Buffer.from(letter))

/** Yields copies of the entries whose keys begin with a prefix. */
function* entriesWith(store: Store, prefix: Buffer) {
  for (const entry of store.entries(prefix)) {
    if (Buffer.compare(entry.key.subarray(0, prefix.length), prefix) !== 0) return
    yield { key: Uint8Array.from(entry.key), value: Uint8Array.from(entry.value) }
  }
}
