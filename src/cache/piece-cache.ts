import { sha256 } from '../bytes.js'
import {
  digestRecordName,
  fileRecordName,
  packDigestRecord,
  packFileRecord,
  unpackDigestRecord,
  unpackFileRecord,
  type DigestRecord,
  type FileKey,
  type FileRecord,
} from './records/file.js'
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
import { nullStore, type Store } from './store/store.js'

/** Length of a SHA-1 digest in bytes. */
const DIGEST = 20

/** Shares the digests of files with other machines. */
export interface CacheSharing {
  /** Called before a record is stored, and when an old one was used for another week. */
  readonly remember: (key: FileKey | TreeKey, record: FileRecord | TreeRecord) => void
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Where digests come from: files read here, or another machine. */
export type DigestSource = 'read' | 'adopted'

/** A persistent cache of digests, and of data computed from them. */
export class PieceCache {
  readonly #store: Store
  readonly #now: () => number
  /** Null if digests stay on this machine. */
  sharing: CacheSharing | null = null
  /** Called before the cache is closed. */
  beforeClose: (() => Promise<void>) | null = null
  #hits = 0
  #misses = 0

  constructor({ store, now }: { store: Store; now: () => number }) {
    this.#store = store
    this.#now = now
  }

  /** The underlying store, for maintenance. */
  get store(): Store {
    return this.#store
  }

  /** Whether the cache stores anything. If not, asking it is pointless. */
  get keepsAnything(): boolean {
    return this.#store !== nullStore
  }

  /**
   * Returns the digests of a file's own pieces; null if unknown. The caller must compare
   * fingerprints.
   */
  file(key: FileKey): FileRecord | null {
    return this.#get('file', fileRecordName(key), (body, isRenewed) => {
      const record = unpackFileRecord(body, key)
      if (isRenewed && record) this.sharing?.remember(key, record)
      return record
    })
  }

  /** Returns a file's digests to extend them: counts no hit or miss, and records no use. */
  peekFile(key: FileKey): FileRecord | null {
    return this.#peek('file', fileRecordName(key), (body) => unpackFileRecord(body, key))
  }

  /** Stores the digests of a file's own pieces. */
  rememberFile(key: FileKey, record: FileRecord, source: DigestSource = 'read'): void {
    if (source === 'read') this.sharing?.remember(key, record)
    this.#put('file', fileRecordName(key), packFileRecord(record))
  }

  /** Removes the digests of a file's own pieces. */
  forgetFile(key: FileKey): void {
    this.#store.remove(recordKey('file', fileRecordName(key), sha256))
  }

  /** Returns the digest of a piece that spans several files, by the SHA-256 of its spans. */
  piece(spans: Uint8Array): Uint8Array | null {
    return this.#get('piece', spans, (body) => (body.length === DIGEST ? body.slice() : null))
  }

  /** Stores the digest of a piece that spans several files. */
  rememberPiece(spans: Uint8Array, digest: Uint8Array): void {
    this.#put('piece', spans, digest)
  }

  /**
   * Returns a layer of a file's Merkle tree; null if unknown. The caller must compare fingerprints.
   */
  tree(key: TreeKey): TreeRecord | null {
    return this.#get('tree', key.path, (body, isRenewed) => {
      const record = unpackTreeRecord(body.slice(), key)
      if (isRenewed && record) this.sharing?.remember(key, record)
      return record
    })
  }

  /** Returns a layer as `tree` does, but counts no hit or miss, and records no use. */
  peekTree(key: TreeKey): TreeRecord | null {
    return this.#peek('tree', key.path, (body) => unpackTreeRecord(body.slice(), key))
  }

  /** Stores a layer of a file's Merkle tree. */
  rememberTree(key: TreeKey, record: TreeRecord, source: DigestSource = 'read'): void {
    if (source === 'read') this.sharing?.remember(key, record)
    this.#put('tree', key.path, packTreeRecord(record))
  }

  /** Removes the layer of a file. */
  forgetTree({ path }: TreeKey): void {
    this.#store.remove(recordKey('tree', path, sha256))
  }

  /** Returns an encoded `info`, by the SHA-256 of all its inputs. */
  info(input: Uint8Array): Uint8Array | null {
    return this.#get('info', input, (body) => body.slice())
  }

  /** Stores an encoded `info`. */
  rememberInfo(input: Uint8Array, info: Uint8Array): void {
    this.#put('info', input, info)
  }

  /** Returns the encoded `piece layers` that belong to an `info`, by the same SHA-256. */
  layers(input: Uint8Array): Uint8Array | null {
    return this.#get('layers', input, (body) => body.slice())
  }

  /** Stores the encoded `piece layers` that belong to an `info`. */
  rememberLayers(input: Uint8Array, layers: Uint8Array): void {
    this.#put('layers', input, layers)
  }

  /** Removes an `info` and its layers, because its input cannot occur again. */
  forgetInfo(input: Uint8Array): void {
    for (const kind of ['info', 'layers'] as const)
      this.#store.remove(recordKey(kind, input, sha256))
  }

  /** Returns the digest of a whole file, by its real path; null if unknown. */
  digest(algorithm: string, path: string): DigestRecord | null {
    return this.#get('digest', digestRecordName(algorithm, path), unpackDigestRecord)
  }

  /** Returns a digest as `digest` does, but counts no hit or miss, and records no use. */
  peekDigest(algorithm: string, path: string): DigestRecord | null {
    return this.#peek('digest', digestRecordName(algorithm, path), unpackDigestRecord)
  }

  /** Stores the digest of a whole file. */
  rememberDigest(algorithm: string, path: string, record: DigestRecord): void {
    this.#put('digest', digestRecordName(algorithm, path), packDigestRecord(record))
  }

  /** Returns a requested set of paths, by the SHA-1 of its name in the pkgtorrent protocol. */
  set(digest: Uint8Array): SetRecord | null {
    return this.#get('set', digest, unpackSetRecord)
  }

  /** Stores a requested set of paths. */
  rememberSet(digest: Uint8Array, record: SetRecord): void {
    this.#put('set', digest, packSetRecord(record))
  }

  /** Removes a set of paths. */
  forgetSet(digest: Uint8Array): void {
    this.#store.remove(recordKey('set', digest, sha256))
  }

  /** Hits and misses since the cache was opened. */
  get usage(): Usage {
    return { hits: this.#hits, misses: this.#misses }
  }

  /** Resolves when all stored records survive a kill and are visible to other processes. */
  async flush(): Promise<void> {
    await this.#store.flush()
    await this.sharing?.flush()
  }

  /** Stores everything and closes the cache. */
  async close(): Promise<void> {
    await this.beforeClose?.()
    await this.sharing?.close()
    addUsage(this.#store, this.usage)
    await this.#store.close()
  }

  /**
   * Reads a record. `read` receives a view of its body that becomes invalid, and whether this use is
   * the first for a week.
   */
  #get<T>(
    kind: RecordKind,
    name: string | Uint8Array,
    read: (body: Uint8Array, isRenewed: boolean) => T | null,
  ): T | null {
    const key = recordKey(kind, name, sha256)
    const packed = this.#store.get(key)
    const record = packed && unpackRecord(key, packed)
    if (!record) {
      this.#misses++
      return null
    }
    this.#hits++
    // At most one write a week for each record, however often it is used
    const isRenewed = isNoteDue(record, dayOf(this.#now()))
    const result = read(record.body, isRenewed)
    if (isRenewed) this.#put(kind, name, record.body.slice())
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

/** A cache that holds nothing and keeps nothing. */
export function openNullCache(): PieceCache {
  return new PieceCache({ store: nullStore, now: () => 0 })
}

/** Hits and misses since the cache was created. */
export interface Usage {
  readonly hits: number
  readonly misses: number
}

const USAGE_KEY = Buffer.from('m/usage')

/** Reads the counts; zeros in a new store. */
export function readUsage(store: Store): Usage {
  const packed = store.get(USAGE_KEY)
  if (packed?.length !== 16) return { hits: 0, misses: 0 }
  const view = new DataView(packed.buffer, packed.byteOffset, 16)
  return { hits: view.getFloat64(0), misses: view.getFloat64(8) }
}

/** Adds to the counts. If two processes do so at once, one addition may be lost. */
export function addUsage(store: Store, { hits, misses }: Usage): void {
  if (hits + misses === 0) return
  const before = readUsage(store)
  const view = new DataView(new ArrayBuffer(16))
  view.setFloat64(0, before.hits + hits)
  view.setFloat64(8, before.misses + misses)
  store.put(USAGE_KEY, new Uint8Array(view.buffer))
}
