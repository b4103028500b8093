import { existsSync, lstatSync } from 'node:fs'
import { join, sep } from 'node:path'
import { textOf } from '../../base/bytes.js'
import { awaitSystem, callSystem, osCodeOf } from '../../base/errors.js'
import { stampsOf } from '../look/stat-files.js'
import { lockByByte, type FileLock, type LockWait } from '../write/locks.js'
import { attempt, requireOwnDirectory, requireWritable } from './files.js'
import { Journal, type JournalOptions } from './journal.js'
import { nameOf } from './notes.js'
import { FINGERPRINT, TorrentIndex, writeIndex, type TorrentIdentity } from './torrent-index.js'

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

/** Records which torrents of a directory btkit wrote. */
export class TorrentLog {
  readonly #path: string
  /** Read only if the index does not say all that is asked. */
  #journal: Journal | null = null
  /** Let go when the journal is read. */
  #index: TorrentIndex | null
  /** The state of the journal that the index is of. */
  readonly #stamp: string | null

  /**
   * Reads the records of a directory's torrents, or their index if it is current. `target` is the
   * real path of the directory. A writer must hold its lock; others keep changes only in memory.
   * @throws BtkitError as Journal
   */
  constructor(
    private readonly options: Omit<JournalOptions, 'path' | 'head' | 'loss'> & { target: string },
  ) {
    const { stateDirectory, target } = options
    this.#path = logPath(stateDirectory, target)
    const index = `${this.#path}.index`
    const stamp = existsSync(index)
      ? callSystem(`state ${this.#path}`, () => stampOfLog(stateDirectory, target))
      : null
    this.#index = stamp === null ? null : TorrentIndex.read(index, stamp)
    this.#stamp = this.#index && stamp
    if (this.#index === null) this.#records()
  }

  /**
   * Makes sure that records can be written, before hours of work that they must cover. With
   * `isStateKnown`, only the file of records is examined, if there is one.
   * @throws BtkitError as requireWritable
   */
  requireWritable(isStateKnown = false): void {
    requireWritable(this.#path, isStateKnown)
  }

  #records(): Journal {
    const { target } = this.options
    this.#index = null
    this.#journal ??= new Journal({
      ...this.options,
      path: this.#path,
      head: { btkit: 'torrents', target },
      loss: 'btkit may not know that it wrote some torrents; completedir --adopt takes them back',
    })
    return this.#journal
  }

  /** Returns the record of a torrent, by its file name; null if there is none. */
  get(name: string): TorrentRecord | null {
    // A torrent that is foreign at each run needs no journal
    if (this.#index?.has(name) === false) return null
    const json = this.#records().get(name)
    return json === undefined ? null : parseRecord(json)
  }

  /** Whether a torrent has a record. Cheaper than reading the record. */
  has(name: string): boolean {
    return (this.#index ?? this.#records()).has(name)
  }

  /** Returns the source of a torrent; null if it has no record. Cheaper than reading the record. */
  sourceOf(name: string): string | null {
    return this.#index ? this.#index.sourceOf(name) : (this.get(name)?.source ?? null)
  }

  /** Whether a torrent's record has this identity. Cheaper than reading the record. */
  isUnchanged(name: string, identity: TorrentIdentity): boolean {
    if (this.#index) return this.#index.matches(name, identity)
    const { source, input, fingerprint } = identity
    const start = JSON.stringify({
      source: source.directory + source.name,
      input: textOf(input, 'hex'),
      fingerprint: textOf(fingerprint.subarray(0, FINGERPRINT), 'hex'),
    })
    // Up to the digits of the fingerprint, of which the record has more
    return this.#records().get(name)?.startsWith(start.slice(0, -2)) ?? false
  }

  /**
   * Sets the record of a torrent; null says that it is no longer btkit's. Durable after the next
   * flush.
   */
  put(name: string, record: TorrentRecord | null): void {
    this.#records().put(name, record && toJson(record))
  }

  /**
   * Resolves when all records set so far would survive a power failure.
   * @throws BtkitError as Journal.flush
   */
  async flush(): Promise<void> {
    await this.#journal?.flush()
  }

  /** Whether records were written. */
  get hasWritten(): boolean {
    return this.#journal?.hasWritten ?? false
  }

  /** Flushes what was set since the last flush, and writes the index if the journal was read. */
  async close(): Promise<void> {
    const journal = this.#journal
    await journal?.close(() => {
      const { stateDirectory, target, isReadOnly } = this.options
      if (isReadOnly || journal.size < MANY) return
      const stamp = stampOfLog(stateDirectory, target)
      if (stamp !== null && stamp !== this.#stamp) writeIndex(`${this.#path}.index`, stamp, journal)
    })
  }
}

/**
 * Locks a directory of torrents, given by its real path, against other runs with this state. The
 * caller has made sure that the state is trusted.
 * @throws BtkitError as lockByByte and requireWritable
 */
export async function lockTorrents(
  stateDirectory: string,
  target: string,
  wait: LockWait,
): Promise<FileLock> {
  const path = join(logDirectory(stateDirectory), 'locks')
  // Most of those that a number can count
  const byte = Number.parseInt(nameOf(target).slice(0, 13), 16)
  // An async function, so that each error is one of the promise
  const lock = async () => lockByByte(path, byte, target, wait)
  try {
    return await lock()
  } catch (error) {
    if (osCodeOf(error) === undefined) throw error
    // The first run has no state yet
    requireWritable(path)
    return awaitSystem(`state ${path}`, lock())
  }
}

/** Path of the file that lists btkit's own torrents of a directory; `target` is its real path. */
function logPath(stateDirectory: string, target: string): string {
  return join(logDirectory(stateDirectory), `${nameOf(target)}.log`)
}

/** The directory of these lists. */
export function logDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'torrents')
}

/**
 * Returns a text that changes whenever the list of a directory's torrents changes, without reading
 * the list. Null if there is no list.
 * @throws BtkitError `not-permitted` if other users could replace it; system errors unchanged
 */
export function stampOfLog(stateDirectory: string, target: string): string | null {
  const path = logPath(stateDirectory, target)
  requireOwnLogs(stateDirectory)
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return null
  const { size, mtimeNs, ctimeNs, ino, mode, nlink } = stats
  return [size, mtimeNs, ctimeNs, ino, mode, nlink].join(' ')
}

/**
 * Makes sure that no other user could replace a list.
 * @throws BtkitError `not-permitted`; system errors unchanged
 */
export function requireOwnLogs(stateDirectory: string): void {
  for (const directory of [stateDirectory, logDirectory(stateDirectory)])
    requireOwnDirectory(directory)
}

/**
 * Returns such texts for the lists of many directories; null for one without a list, or if other
 * users could replace them. They are not those of stampOfLog.
 */
export async function stampsOfLogs(stateDirectory: string, targets: readonly string[]) {
  const isTrusted = attempt(() => {
    requireOwnLogs(stateDirectory)
    return true
  })
  if (!isTrusted) return null
  const prefix = join(logDirectory(stateDirectory), sep)
  return stampsOf(targets.map((target) => `${prefix}${nameOf(target)}.log`))
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
