import { existsSync } from 'node:fs'
import { textOf } from '../../base/bytes.js'
import { removeFile } from '../../base/directories.js'
import { callSystem } from '../../base/errors.js'
import { childPath } from '../look/inside.js'
import type { LockWait } from '../write/locks.js'
import { Journal, type JournalOptions } from './journal.js'
import { digestName } from './notes.js'
import { isOfTree, lockLog, logPath, namesOfLogs, placeBelow, stampOfLog } from './roots.js'
import { FINGERPRINT } from './index-columns.js'
import { TorrentIndex, writeIndex, type TorrentIdentity } from './torrent-index.js'

/** Digests that identify a torrent, and that show which parts of it somebody edited. */
export interface TorrentDigests {
  /** Digest of the whole file. */
  readonly file: Uint8Array
  /** Digest of `info`; null for a file that is no torrent. */
  readonly info: Uint8Array | null
  /**
   * For each key except `info`, the digest of the value that btkit would write; null for a file
   * that is no torrent.
   */
  readonly keys: KeyDigests | null
  /**
   * Whether the torrent was adopted: its `info` came from another program, and stays until the
   * content changes.
   */
  readonly isAdopted?: boolean | undefined
  /**
   * Of an adopted torrent, the digests of the values of another program that stay; empty for a key
   * that it left out and btkit would write.
   */
  readonly foreign?: KeyDigests | undefined
  /** The rules by which `info` would differ if remade, as completedir reported them. */
  readonly keeps?: readonly string[] | undefined
}

/** Digests in base64, by key. */
export type KeyDigests = Readonly<Record<string, string>>

/** A torrent that btkit wrote, or that equals what btkit would write. */
export interface TorrentRecord extends Omit<TorrentIdentity, 'source'> {
  /** The real path of the torrent's content. */
  readonly source: string
  /** Digests of the torrent that was written, or was about to be written. */
  readonly written: TorrentDigests
  /** Digests of the earlier torrent of btkit at this path, which a kill may have left in place. */
  readonly replaced: TorrentDigests | null
}

/** The fewest torrents whose index is worth a file: fewer are read as fast from the journal. */
const MANY = 1000

/** The effect of lost lines, for the warning. */
const LOSS = 'btkit may not know that it wrote some torrents; completedir --adopt takes them back'

/** Files of records that are taken in together: each lock needs a descriptor. */
const TAKEN_AT_ONCE = 128

/** The records of a root, and who is warned of their faults. */
export interface RecordsOptions extends Omit<JournalOptions, 'path' | 'head' | 'loss'> {
  /** The real path of a directory of torrents, or of the first one of a tree. */
  readonly root: string
}

/** Records which torrents of a directory, and of those below it, btkit wrote. */
export class TorrentRecords {
  readonly #path: string
  /** Read only if the index does not say all that is asked. */
  #journal: Journal | null = null
  /** Let go when the journal is read. */
  #index: TorrentIndex | null
  /** The state of the journal that the index is of. */
  readonly #stamp: string | null
  /** The files of other records, of which some may be of parts of the tree. */
  #others = new Set<string>()
  /** The files that were taken in, and are locked until that is durable. */
  readonly #taken: { readonly path: string; readonly release: () => void }[] = []

  /**
   * Reads the records, or their index if it is current. A writer must hold their lock; others keep
   * changes only in memory.
   * @throws BtkitError as Journal
   */
  constructor(private readonly options: RecordsOptions) {
    const { stateDirectory, root } = options
    this.#path = logPath(stateDirectory, root)
    const index = `${this.#path}.index`
    const stamp = existsSync(index)
      ? callSystem(`state ${this.#path}`, () => stampOfLog(stateDirectory, root))
      : null
    this.#index = stamp === null ? null : TorrentIndex.read(index, stamp)
    this.#stamp = this.#index && stamp
    if (this.#index === null) this.journal()
  }

  get root(): string {
    return this.options.root
  }

  /** The records of the torrents in a directory, by its place below the root. */
  in(place: string): TorrentLog {
    return new TorrentLog(this, place === '' ? '' : `${place}/`)
  }

  /**
   * Says that the records are those of a tree: runs over a part of it use them from now on. Finds
   * which parts have records of their own.
   * @throws BtkitError `not-permitted` or `io`
   */
  async beginTree(): Promise<void> {
    const { stateDirectory, isReadOnly, root } = this.options
    // Not all records are read for the first line
    const isTree = this.#journal ? this.#journal.head['tree'] === true : isOfTree(this.#path)
    if (!isTree && isReadOnly !== true) {
      const journal = this.journal()
      // The first record reports why it cannot be written
      await journal.rewrite({ ...journal.head, tree: true }).catch(() => undefined)
    }
    // After that, so that each run over a part is seen here, or sees the tree
    const others = namesOfLogs(stateDirectory)
    others.delete(digestName(root))
    this.#others = others
  }

  /** Whether a part of the tree may have records of its own. */
  hasOwn(place: string): boolean {
    if (this.#others.size === 0 || place === '') return false
    return this.#others.has(digestName(childPath(this.root, place)))
  }

  /**
   * Takes in the records that a part of the tree has of its own, if it has some.
   * @throws BtkitError `locked` if another run uses them, `interrupted`, `not-permitted` or `io`
   */
  async takeIn(place: string, wait: LockWait): Promise<void> {
    if (!this.hasOwn(place)) return
    const { stateDirectory, root, isReadOnly } = this.options
    const target = childPath(root, place)
    const path = logPath(stateDirectory, target)
    const lock = isReadOnly ? null : await lockLog(path, target, wait)
    try {
      if (existsSync(path)) {
        const head = { btkit: 'torrents', target }
        const own = new Journal({ ...this.options, path, head, loss: LOSS })
        try {
          for (const [key, json] of own.entries())
            this.journal().put(placeBelow(place, key), JSON.parse(json))
        } finally {
          own.release()
        }
      }
    } catch (error) {
      lock?.release()
      throw error
    }
    // Until it is gone, other runs would use it
    if (lock) this.#taken.push({ path, release: lock.release })
    this.#others.delete(digestName(target))
    if (this.#taken.length >= TAKEN_AT_ONCE) await this.settle()
  }

  /**
   * Removes the records that were taken in, when these would survive a power failure.
   * @throws BtkitError `not-permitted` or `io`
   */
  async settle(): Promise<void> {
    if (this.#taken.length === 0) return
    const taken = this.#taken.splice(0)
    try {
      await this.flush()
      for (const { path } of taken) for (const each of [path, `${path}.index`]) removeFile(each)
    } finally {
      for (const { release } of taken) release()
    }
  }

  /** The index; null if the journal must be asked. */
  get index(): TorrentIndex | null {
    return this.#index
  }

  /** The journal, which is read now if the index answered so far. */
  journal(): Journal {
    this.#index = null
    const head = { btkit: 'torrents', target: this.root }
    this.#journal ??= new Journal({ ...this.options, path: this.#path, head, loss: LOSS })
    return this.#journal
  }

  /**
   * Resolves when all records set so far would survive a power failure.
   * @throws BtkitError as Journal.flush
   */
  async flush(): Promise<void> {
    await this.#journal?.flush()
  }

  /** Flushes what was set since the last flush, and writes the index if the journal was read. */
  async close(): Promise<void> {
    try {
      await this.settle()
    } finally {
      await this.#journal?.close(() => {
        this.#writeIndex()
      })
    }
  }

  #writeIndex(): void {
    const { stateDirectory, root, isReadOnly } = this.options
    if (isReadOnly || this.journal().size < MANY) return
    const stamp = stampOfLog(stateDirectory, root)
    const isNew = stamp !== null && stamp !== this.#stamp
    if (isNew) writeIndex(`${this.#path}.index`, stamp, this.journal())
  }
}

/** The records of the torrents in a directory, by their file names. */
export class TorrentLog {
  constructor(
    readonly records: TorrentRecords,
    /** The path of the directory below the root, with a slash at its end; empty for the root. */
    private readonly prefix: string,
  ) {}

  /** Returns the record of a torrent; null if there is none. */
  get(name: string): TorrentRecord | null {
    const { index } = this.records
    // A torrent that is foreign at each run needs no journal
    if (index?.has(this.prefix + name) === false) return null
    const json = this.records.journal().get(this.prefix + name)
    return json === undefined ? null : parseRecord(json)
  }

  /** Whether a torrent has a record. Cheaper than reading the record. */
  has(name: string): boolean {
    return (this.records.index ?? this.records.journal()).has(this.prefix + name)
  }

  /** Returns the source of a torrent; null if it has no record. Cheaper than reading the record. */
  sourceOf(name: string): string | null {
    const { index } = this.records
    return index ? index.sourceOf(this.prefix + name) : (this.get(name)?.source ?? null)
  }

  /** Whether a torrent's record has this identity. Cheaper than reading the record. */
  isUnchanged(name: string, identity: TorrentIdentity): boolean {
    const { index } = this.records
    if (index) return index.matches(this.prefix + name, identity)
    const { source, input, fingerprint } = identity
    const start = JSON.stringify({
      source: source.directory + source.name,
      input: textOf(input, 'hex'),
      fingerprint: textOf(fingerprint.subarray(0, FINGERPRINT), 'hex'),
    })
    const json = this.records.journal().get(this.prefix + name)
    // Up to the digits of the fingerprint, of which the record has more
    return json?.startsWith(start.slice(0, -2)) ?? false
  }

  /**
   * Sets the record of a torrent; null says that it is no longer btkit's. Durable after the next
   * flush.
   */
  put(name: string, record: TorrentRecord | null): void {
    this.records.journal().put(this.prefix + name, record && toJson(record))
  }

  /**
   * Resolves when all records set so far would survive a power failure.
   * @throws BtkitError as Journal.flush
   */
  async flush(): Promise<void> {
    await this.records.flush()
  }
}

/** The record as JSON. The identity comes first, which is all that an index needs. */
function toJson({ source, input, fingerprint, written, replaced }: TorrentRecord) {
  return {
    source,
    input: textOf(input, 'hex'),
    fingerprint: textOf(fingerprint, 'hex'),
    written: digestsToJson(written),
    replaced: replaced ? digestsToJson(replaced) : undefined,
  }
}

function parseRecord(json: string): TorrentRecord {
  const { source, input, fingerprint, written, replaced } = JSON.parse(json) as ReturnType<
    typeof toJson
  >
  return {
    source,
    input: Buffer.from(input, 'hex'),
    fingerprint: Buffer.from(fingerprint, 'hex'),
    written: digestsFromJson(written),
    replaced: replaced ? digestsFromJson(replaced) : null,
  }
}

function digestsToJson({ file, info, keys, isAdopted, foreign, keeps }: TorrentDigests) {
  return {
    file: textOf(file, 'base64'),
    info: info && textOf(info, 'base64'),
    keys,
    // Left out if undefined
    adopted: isAdopted === true ? true : undefined,
    foreign,
    keeps: keeps?.length ? keeps : undefined,
  }
}

function digestsFromJson({
  file,
  info,
  keys,
  adopted,
  foreign,
  keeps,
}: ReturnType<typeof digestsToJson>): TorrentDigests {
  return {
    file: Buffer.from(file, 'base64'),
    info: info === null ? null : Buffer.from(info, 'base64'),
    keys,
    ...(adopted && { isAdopted: true }),
    ...(foreign && { foreign }),
    ...(keeps && { keeps }),
  }
}
