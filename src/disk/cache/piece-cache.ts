import {
  fileRecordName,
  packDigestRecord,
  packFileRecord,
  unpackDigestRecord,
  unpackFileRecord,
  type DigestRecord,
  type FileKey,
  type FileRecord,
  packSetRecord,
  unpackSetRecord,
  type SetRecord,
  packTreeRecord,
  unpackTreeRecord,
  type TreeKey,
  type TreeRecord,
} from './records/bodies.js'
import {
  dayOf,
  isNoteDue,
  packRecord,
  recordKey,
  unpackRecord,
  type RecordKind,
  type StoredRecord,
} from './records/record.js'
import { nullStore, type Store } from './store/store.js'
import { SHA1 } from '../../metainfo/sizes.js'

/** The keys and values of each kind of record. */
interface Kinds {
  /** The digests of a file's own pieces. */
  readonly file: { readonly key: FileKey; readonly value: FileRecord }
  /** The digest of a piece that spans several files, by the SHA-256 of its spans. */
  readonly piece: { readonly key: Uint8Array; readonly value: Uint8Array }
  /** A layer of a file's Merkle tree. */
  readonly tree: { readonly key: TreeKey; readonly value: TreeRecord }
  /** An encoded `info`, by the SHA-256 of all its inputs. */
  readonly info: { readonly key: Uint8Array; readonly value: Uint8Array }
  /** The encoded `piece layers` that belong to an `info`, by the same SHA-256. */
  readonly layers: { readonly key: Uint8Array; readonly value: Uint8Array }
  /** A requested set of paths, by the SHA-1 of its name in the pkgtorrent protocol. */
  readonly set: { readonly key: Uint8Array; readonly value: SetRecord }
  /** The digest of a whole file, by its real path. */
  readonly digest: {
    readonly key: { readonly algorithm: string; readonly path: string }
    readonly value: DigestRecord
  }
}

/** How records of a kind are named and encoded. The bytes to decode become invalid. */
interface Codec<Key, Value> {
  readonly nameOf: (key: Key) => string | Uint8Array
  readonly pack: (value: Value) => Uint8Array
  readonly unpack: (body: Uint8Array, key: Key) => Value | null
}

const BYTES: Codec<Uint8Array, Uint8Array> = {
  nameOf: (name) => name,
  pack: (bytes) => bytes,
  unpack: (body) => body.slice(),
}

const CODECS: { readonly [K in RecordKind]: Codec<Kinds[K]['key'], Kinds[K]['value']> } = {
  file: { nameOf: fileRecordName, pack: packFileRecord, unpack: unpackFileRecord },
  piece: { ...BYTES, unpack: (body) => (body.length === SHA1 ? body.slice() : null) },
  tree: {
    nameOf: ({ path }) => path,
    pack: packTreeRecord,
    unpack: (body, key) => unpackTreeRecord(body.slice(), key),
  },
  info: BYTES,
  layers: BYTES,
  set: { nameOf: (name) => name, pack: packSetRecord, unpack: unpackSetRecord },
  digest: {
    nameOf: ({ algorithm, path }) => `${algorithm} ${path}`,
    pack: packDigestRecord,
    unpack: unpackDigestRecord,
  },
}

/** A persistent cache of digests, and of data computed from them. */
export class PieceCache {
  #store: Store = nullStore
  #opening: Promise<void> | null = null
  /**
   * Called before a record of a file is stored, and when an old one was used for another week. Each file
   * then has a record of its own.
   */
  onFile: ((key: FileKey | TreeKey, record: FileRecord | TreeRecord) => void) | null = null
  /** Called by each `wake` when the cache is open. */
  onOpen: (() => Promise<void>) | null = null
  /** Called one after the other before the cache is closed, the last first. */
  readonly beforeClose: (() => Promise<void>)[] = []
  #hits = 0
  #misses = 0

  /**
   * `source` is a store, or a function that opens one, is called at most once and must not reject.
   * Until `wake` has called it, the cache is empty and stores nothing.
   */
  constructor(
    private readonly source: Store | (() => Promise<Store>),
    private readonly now: () => number,
    /** Says whether maintenance is due, without opening the cache, and notes that it was done. */
    readonly upkeep: { isDue: () => boolean; note: () => void } | null = null,
  ) {
    if (typeof source !== 'function') this.#store = source
  }

  /** Opens the store unless it is open. */
  async wake(): Promise<void> {
    if (typeof this.source === 'function')
      this.#opening ??= this.source().then((store) => {
        this.#store = store
      })
    await this.#opening
    await this.onOpen?.()
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
   * Returns a record; null if unknown. The caller must compare fingerprints. At most once a week the
   * use of a record is noted, however often it is used.
   */
  get<K extends RecordKind>(kind: K, key: Kinds[K]['key']): Kinds[K]['value'] | null {
    const record = this.#record(kind, key)
    if (!record) {
      this.#misses++
      return null
    }
    this.#hits++
    const isRenewed = isNoteDue(record, dayOf(this.now()))
    const value = CODECS[kind].unpack(record.body, key)
    if (isRenewed) this.#keep(kind, key, value, record.body.slice())
    return value
  }

  /** Returns a record as `get` does, but counts no hit or miss, and notes no use. */
  peek<K extends RecordKind>(kind: K, key: Kinds[K]['key']): Kinds[K]['value'] | null {
    const record = this.#record(kind, key)
    return record && CODECS[kind].unpack(record.body, key)
  }

  put<K extends RecordKind>(kind: K, key: Kinds[K]['key'], value: Kinds[K]['value']): void {
    this.#keep(kind, key, value, CODECS[kind].pack(value))
  }

  remove<K extends RecordKind>(kind: K, key: Kinds[K]['key']): void {
    this.#store.remove(recordKey(kind, CODECS[kind].nameOf(key)))
  }

  /** Hits and misses since the cache was opened. */
  get usage(): Usage {
    return { hits: this.#hits, misses: this.#misses }
  }

  /** Resolves when all stored records survive a kill and are visible to other processes. */
  flush(): Promise<void> {
    return this.#store.flush()
  }

  /** Stores everything and closes the cache; see `Store.close`. */
  async close(patience?: number): Promise<void> {
    await this.#opening
    for (const act of this.beforeClose.toReversed()) await act()
    if (!this.keepsAnything) return
    addUsage(this.#store, this.usage)
    await this.#store.close(patience)
  }

  #record<K extends RecordKind>(kind: K, of: Kinds[K]['key']): StoredRecord | null {
    const key = recordKey(kind, CODECS[kind].nameOf(of))
    const packed = this.#store.get(key)
    return packed ? unpackRecord(key, packed) : null
  }

  #keep<K extends RecordKind>(
    kind: K,
    of: Kinds[K]['key'],
    value: Kinds[K]['value'] | null,
    body: Uint8Array,
  ): void {
    if (value && (kind === 'file' || kind === 'tree'))
      this.onFile?.(of as FileKey | TreeKey, value as FileRecord | TreeRecord)
    if (!this.keepsAnything) return
    const key = recordKey(kind, CODECS[kind].nameOf(of))
    this.#store.put(key, packRecord(key, { lastUsed: dayOf(this.now()), body }))
  }
}

/** A cache that holds nothing and keeps nothing. */
export function openNullCache(): PieceCache {
  return new PieceCache(nullStore, () => 0)
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
