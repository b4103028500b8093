import { createHash } from 'node:crypto'
import {
  fileRecordName,
  packFileRecord,
  unpackFileRecord,
  type FileKey,
  type FileRecord,
} from './records/file.js'
import { unpackOutputRecord, type OutputRecord } from './records/output.js'
import { dayOf, packRecord, recordKey, unpackRecord, type RecordKind } from './records/record.js'
import { packSetRecord, unpackSetRecord, type SetRecord } from './records/set.js'
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

  /** A whole encoded `info`, by the SHA-256 of all that it was made from. */
  info(input: Uint8Array): Uint8Array | null {
    return this.#get('info', input, (body) => body.slice())
  }

  rememberInfo(input: Uint8Array, info: Uint8Array): void {
    this.#put('info', input, info)
  }

  /** What version 0.1 noted of the real path of a torrent. It is not counted, nor kept in use. */
  output(path: string): OutputRecord | null {
    return this.#peek('output', path, unpackOutputRecord)
  }

  forgetOutput(path: string): void {
    this.#store.remove(recordKey('output', path, sha256))
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
    const record = packed && unpackRecord(kind, packed)
    if (!record) {
      this.#misses++
      return null
    }
    this.#hits++
    const { lastUsed, body } = record
    const result = read(body)
    // At most one write a day for a record, however often it is used
    if (lastUsed !== dayOf(this.#now())) this.#put(kind, name, body.slice())
    return result
  }

  #peek<T>(
    kind: RecordKind,
    name: string | Uint8Array,
    read: (body: Uint8Array) => T | null,
  ): T | null {
    const packed = this.#store.get(recordKey(kind, name, sha256))
    const record = packed && unpackRecord(kind, packed)
    return record ? read(record.body) : null
  }

  #put(kind: RecordKind, name: string | Uint8Array, body: Uint8Array): void {
    const packed = packRecord(kind, { lastUsed: dayOf(this.#now()), body })
    this.#store.put(recordKey(kind, name, sha256), packed)
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
