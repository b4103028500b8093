import { digestOf } from '../digest.js'
import {
  fileRecordName,
  packFileRecord,
  unpackFileRecord,
  type FileKey,
  type FileRecord,
} from './records/file.js'
import {
  digestRecordName,
  packDigestRecord,
  unpackDigestRecord,
  type DigestRecord,
} from './records/digest.js'
import { unpackOutputRecord, type OutputRecord } from './records/output.js'
import {
  dayOf,
  isNoteDue,
  packRecord,
  recordKey,
  unpackRecord,
  type RecordKind,
} from './records/record.js'
import { packSetRecord, unpackSetRecord, type SetRecord } from './records/set.js'
import { packTreeRecord, unpackTreeRecord, type TreeKey, type TreeRecord } from './records/tree.js'
import { nullStore } from './store/null.js'
import type { Store } from './store/store.js'
import { addUsage, type Usage } from './usage.js'

/** Bytes of a SHA-1 digest. */
const DIGEST = 20

/** Digests that outlive the command, and what was made of them. */
export class PieceCache {
  readonly #store: Store
  readonly #now: () => number
  #hits = 0
  #misses = 0

  constructor({ store, now }: { store: Store; now: () => number }) {
    this.#store = store
    this.#now = now
  }

  /** The store itself, for those who look after it. */
  get store(): Store {
    return this.#store
  }

  /** Whether anything is kept; else there is no use in asking, or in telling it. */
  get keepsAnything(): boolean {
    return this.#store !== nullStore
  }

  /** The digests of a file's own pieces; null when unknown. The caller compares fingerprints. */
  file(key: FileKey): FileRecord | null {
    return this.#get('file', fileRecordName(key), (body) => unpackFileRecord(body, key))
  }

  /** The same for a caller that will add to the record: no hit or miss is counted, no use noted. */
  peekFile(key: FileKey): FileRecord | null {
    return this.#peek('file', fileRecordName(key), (body) => unpackFileRecord(body, key))
  }

  rememberFile(key: FileKey, record: FileRecord): void {
    this.#put('file', fileRecordName(key), packFileRecord(record))
  }

  forgetFile(key: FileKey): void {
    this.#store.remove(recordKey('file', fileRecordName(key), sha256))
  }

  /** The digest of a piece of several files, by the SHA-256 of what it spans. */
  piece(spans: Uint8Array): Uint8Array | null {
    return this.#get('piece', spans, (body) => (body.length === DIGEST ? body.slice() : null))
  }

  rememberPiece(spans: Uint8Array, digest: Uint8Array): void {
    this.#put('piece', spans, digest)
  }

  /** Of a file's Merkle tree; null when unknown. The caller compares fingerprints. */
  tree(key: TreeKey): TreeRecord | null {
    return this.#get('tree', key.path, (body) => unpackTreeRecord(body, key))
  }

  rememberTree({ path }: TreeKey, record: TreeRecord): void {
    this.#put('tree', path, packTreeRecord(record))
  }

  forgetTree({ path }: TreeKey): void {
    this.#store.remove(recordKey('tree', path, sha256))
  }

  /** A whole encoded `info`, by the SHA-256 of all that it was made from. */
  info(input: Uint8Array): Uint8Array | null {
    return this.#get('info', input, (body) => body.slice())
  }

  rememberInfo(input: Uint8Array, info: Uint8Array): void {
    this.#put('info', input, info)
  }

  /** The encoded `piece layers` that go with an `info`, by the same SHA-256. */
  layers(input: Uint8Array): Uint8Array | null {
    return this.#get('layers', input, (body) => body.slice())
  }

  rememberLayers(input: Uint8Array, layers: Uint8Array): void {
    this.#put('layers', input, layers)
  }

  /** Forgets an `info` with its layers, as its input can't come again. */
  forgetInfo(input: Uint8Array): void {
    for (const kind of ['info', 'layers'] as const)
      this.#store.remove(recordKey(kind, input, sha256))
  }

  /** What version 0.1 noted of the real path of a torrent. It is not counted, nor kept in use. */
  output(path: string): OutputRecord | null {
    return this.#peek('output', path, unpackOutputRecord)
  }

  forgetOutput(path: string): void {
    this.#store.remove(recordKey('output', path, sha256))
  }

  /** The digest of a whole file, by its real path; null when unknown. */
  digest(algorithm: string, path: string): DigestRecord | null {
    return this.#get('digest', digestRecordName(algorithm, path), unpackDigestRecord)
  }

  /** The same where it is no matter if it is unknown: no hit or miss is counted, no use noted. */
  peekDigest(algorithm: string, path: string): DigestRecord | null {
    return this.#peek('digest', digestRecordName(algorithm, path), unpackDigestRecord)
  }

  rememberDigest(algorithm: string, path: string, record: DigestRecord): void {
    this.#put('digest', digestRecordName(algorithm, path), packDigestRecord(record))
  }

  /** A set of paths that was asked for, by the SHA-1 of its name in the pkgtorrent protocol. */
  set(digest: Uint8Array): SetRecord | null {
    return this.#get('set', digest, unpackSetRecord)
  }

  rememberSet(digest: Uint8Array, record: SetRecord): void {
    this.#put('set', digest, packSetRecord(record))
  }

  forgetSet(digest: Uint8Array): void {
    this.#store.remove(recordKey('set', digest, sha256))
  }

  /** How often a record was there when it was looked for, since the cache was opened. */
  get usage(): Usage {
    return { hits: this.#hits, misses: this.#misses }
  }

  /** Resolves when what was remembered survives a kill and is seen by other processes. */
  flush(): Promise<void> {
    return this.#store.flush()
  }

  async close(): Promise<void> {
    addUsage(this.#store, this.usage)
    await this.#store.close()
  }

  /** Reads a record; `read` is given a view of its body that does not last. */
  #get<T>(
    kind: RecordKind,
    name: string | Uint8Array,
    read: (body: Uint8Array) => T | null,
  ): T | null {
    const key = recordKey(kind, name, sha256)
    const packed = this.#store.get(key)
    const record = packed && unpackRecord(key, packed)
    if (!record) {
      this.#misses++
      return null
    }
    this.#hits++
    const result = read(record.body)
    // At most one write a week for a record, however often it is used
    if (isNoteDue(record, dayOf(this.#now()))) this.#put(kind, name, record.body.slice())
    return result
  }

  #peek<T>(
    kind: RecordKind,
    name: string | Uint8Array,
    read: (body: Uint8Array) => T | null,
  ): T | null {
    const key = recordKey(kind, name, sha256)
    const packed = this.#store.get(key)
    const record = packed && unpackRecord(key, packed)
    return record ? read(record.body) : null
  }

  #put(kind: RecordKind, name: string | Uint8Array, body: Uint8Array): void {
    if (!this.keepsAnything) return
    const key = recordKey(kind, name, sha256)
    this.#store.put(key, packRecord(key, { lastUsed: dayOf(this.#now()), body }))
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return digestOf('sha256', bytes)
}

/** A cache that holds nothing and keeps nothing. */
export function openNullCache(): PieceCache {
  return new PieceCache({ store: nullStore, now: () => 0 })
}
