import {
  fileRecordName,
  packDigestRecord,
  packFileRecord,
  unpackDigestRecord,
  unpackFileRecord,
  type DigestRecord,
  type FileKey,
  type FileRecord,
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
} from './records/record.js'
import { nullStore, type Store, type Usage } from './store.js'
import { latin1 } from '../../base/bytes.js'
import { SHA1 } from '../../metainfo/sizes.js'

/** A piece that spans several files. */
interface PieceKey {
  /** The real path of the first file: pieces of a directory lie together. */
  readonly path: string
  readonly spans: Uint8Array
}

/** The keys and values of each kind of record. */
export interface Kinds {
  /** The digests of a file's own pieces. */
  readonly file: { readonly key: FileKey; readonly value: FileRecord }
  /**
   * The digest of a piece that spans several files, by its first file and the SHA-256 of its spans.
   */
  readonly piece: { readonly key: PieceKey; readonly value: Uint8Array }
  /** A layer of a file's Merkle tree. */
  readonly tree: { readonly key: TreeKey; readonly value: TreeRecord }
  /** An encoded `info`, by the SHA-256 of all its inputs. */
  readonly info: { readonly key: Uint8Array; readonly value: Uint8Array }
  /** The encoded `piece layers` that belong to an `info`, by the same SHA-256. */
  readonly layers: { readonly key: Uint8Array; readonly value: Uint8Array }
  /**
   * A digest of a whole file, or those of its start (BEGUN in core/digests/), by its real path.
   */
  readonly digest: {
    readonly key: { readonly algorithm: string; readonly path: string }
    readonly value: DigestRecord
  }
}

/** How records of a kind are named and encoded. */
interface Codec<Key, Value> {
  readonly nameOf: (key: Key) => string | Uint8Array
  readonly pack: (value: Value) => Uint8Array
  readonly unpack: (body: Uint8Array, key: Key) => Value | null
}

const BYTES: Codec<Uint8Array, Uint8Array> = {
  nameOf: (name) => name,
  pack: (bytes) => bytes,
  unpack: (body) => body,
}

const CODECS: { readonly [K in RecordKind]: Codec<Kinds[K]['key'], Kinds[K]['value']> } = {
  file: { nameOf: fileRecordName, pack: packFileRecord, unpack: unpackFileRecord },
  piece: {
    nameOf: ({ path, spans }) => Buffer.concat([Buffer.from(`${path}\0`), spans]),
    pack: (digest) => digest,
    unpack: (body) => (body.length === SHA1 ? body : null),
  },
  tree: { nameOf: ({ path }) => path, pack: packTreeRecord, unpack: unpackTreeRecord },
  info: BYTES,
  layers: BYTES,
  digest: {
    nameOf: ({ algorithm, path }) => `${path}\0${algorithm}`,
    pack: packDigestRecord,
    unpack: unpackDigestRecord,
  },
}

/** The key under which it is noted when unused records were removed; of no kind of record. */
const PRUNED = Buffer.from('pruned')

/** Most files whose paths are in memory. */
const MOST_PATHS = 10_000

/** A persistent cache of digests, and of data computed from them. */
export class PieceCache {
  #store: Store = nullStore
  #opening: Promise<void> | null = null
  /**
   * Called before a record of a file is stored, and when an old one was used for another week. Each
   * file then has a record of its own.
   */
  onFile: ((key: FileKey | TreeKey, record: FileRecord | TreeRecord) => void) | null = null
  /** Called by each `wake` when the cache is open. */
  onOpen: (() => Promise<void>) | null = null
  /** Called one after the other before the cache is closed, the last first. */
  readonly beforeClose: (() => Promise<void>)[] = []
  /** The real paths of large files by their encoded fingerprints, which hard links share. */
  readonly #paths = new Map<string, string>()
  #hits = 0
  #misses = 0

  /**
   * `source` is a store, or a function that opens one, is called at most once and must not reject.
   * Until `wake` has called it, the cache is empty and stores nothing.
   */
  constructor(
    private readonly source: Store | (() => Promise<Store>),
    private readonly now: () => number,
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
   * Returns a record; null if unknown. The caller must compare fingerprints. At most once a week
   * the use of a record is noted, however often it is used.
   */
  get<K extends RecordKind>(kind: K, key: Kinds[K]['key']): Kinds[K]['value'] | null {
    const record = this.#record(kind, key)
    if (!record) {
      this.#misses++
      return null
    }
    this.#hits++
    const value = CODECS[kind].unpack(record.body, key)
    if (isNoteDue(record.used, dayOf(this.now()))) this.#keep(kind, key, value, record.body)
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

  /** Returns the path at which the records of a file are that has several: of hard links. */
  pathOf(fingerprint: Uint8Array): string | undefined {
    return this.#paths.get(latin1(fingerprint))
  }

  /** Notes at which path the records of a file are. */
  notePath(fingerprint: Uint8Array, path: string): void {
    const [oldest = ''] = this.#paths.size < MOST_PATHS ? [] : this.#paths.keys()
    this.#paths.delete(oldest)
    this.#paths.set(latin1(fingerprint), path)
  }

  remove<K extends RecordKind>(kind: K, key: Kinds[K]['key']): void {
    this.#store.remove(recordKey(kind, CODECS[kind].nameOf(key)))
  }

  /** Whether unused records are to be removed now: once a week, as uses are noted. */
  isPruneDue(): boolean {
    const [used, value] = [dayOf(this.now()), new Uint8Array(0)]
    const isDue = isNoteDue(this.#store.get(PRUNED)?.used ?? -Infinity, used)
    if (isDue) this.#store.put(PRUNED, { used, value })
    return isDue
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
    this.#store.addUsage(this.usage)
    await this.#store.close(patience)
  }

  #record<K extends RecordKind>(kind: K, of: Kinds[K]['key']) {
    const key = recordKey(kind, CODECS[kind].nameOf(of))
    const found = this.#store.get(key)
    const body = found && unpackRecord(key, found.value)
    return body ? { used: found.used, body } : null
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
    this.#store.put(key, { used: dayOf(this.now()), value: packRecord(key, body) })
  }
}

/** A cache that holds nothing and keeps nothing. */
export function openNullCache(): PieceCache {
  return new PieceCache(nullStore, () => 0)
}
