import type { PieceCache } from '../../cache/piece-cache.js'
import { recordKey } from '../../cache/records/record.js'
import { fileRecordName, type FileKey } from '../../cache/records/file.js'
import type { TreeKey } from '../../cache/records/tree.js'
import type { Store } from '../../cache/store/store.js'
import { digestOf } from '../../digest.js'

/** The machine that computed an adopted record, and its epoch then. */
export interface Origin {
  readonly machine: string
  readonly epoch: number
}

const PREFIX = Buffer.from('m/from/')

const sha256 = (bytes: Uint8Array) => digestOf('sha256', bytes)

function localKey(key: FileKey | TreeKey): Buffer {
  return 'phase' in key
    ? recordKey('file', fileRecordName(key), sha256)
    : recordKey('tree', key.path, sha256)
}

const originKey = (record: Uint8Array) => Buffer.concat([PREFIX, sha256(record).subarray(0, 16)])

/** Returns the origin of a record in the piece cache; null if this machine computed it. */
export function originOf({ store }: PieceCache, key: FileKey | TreeKey): Origin | null {
  const packed = store.get(originKey(localKey(key)))
  return packed ? unpackOrigin(packed) : null
}

/** Notes the origin of a record; null for this machine. */
export function noteOrigin({ store }: PieceCache, key: FileKey | TreeKey, origin: Origin | null) {
  const record = localKey(key)
  if (origin === null) {
    store.remove(originKey(record))
    return
  }
  const epoch = Buffer.alloc(4)
  epoch.writeUInt32BE(origin.epoch)
  const machine = Buffer.from(origin.machine)
  store.put(originKey(record), Buffer.concat([epoch, Buffer.of(machine.length), machine, record]))
}

function unpackOrigin(packed: Uint8Array): Origin | null {
  const bytes = Buffer.from(packed)
  if (bytes.length < 5) return null
  return {
    epoch: bytes.readUInt32BE(0),
    machine: bytes.toString('utf8', 5, 5 + (bytes[4] ?? 0)),
  }
}

/**
 * Removes the adopted records that were revoked, and everything composed of digests. Returns the
 * number of adopted records.
 */
export function removeRevoked(store: Store, isRevoked: (origin: Origin) => boolean): number {
  const revoked: Uint8Array[] = []
  for (const { key, value } of entriesWith(store, PREFIX)) {
    const origin = unpackOrigin(value)
    const recordAt = 5 + (value[4] ?? 0)
    if (origin && isRevoked(origin)) revoked.push(key, value.slice(recordAt))
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
