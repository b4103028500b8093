import { closeSync, fdatasync, fstatSync, ftruncateSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import { asBtkitError, BtkitError, callSystem, osCodeOf } from '../../errors.js'
import { requireOwnDirectory } from '../own-directory.js'
import { copyAside, logPath, replaceFile, writeAll } from './file.js'
import { LineReader } from './line-reader.js'
import {
  frameLines,
  headLine,
  lineAt,
  scanLines,
  unframeLine,
  VERSION,
  type ScannedLines,
} from './lines.js'
import { PutLines, type NamedLine } from './put-lines.js'
import { openForAppending, readIfThere } from './regular-file.js'
import {
  formatIdentity,
  formatRecord,
  parseRecord,
  type TorrentIdentity,
  type TorrentRecord,
} from './record.js'

const sync = promisify(fdatasync)

export interface OpenLogOptions {
  /** The directory of all state. */
  readonly stateDirectory: string
  /** The real path of the torrents' directory. A writer must hold the directory's lock. */
  readonly target: string
  /** Whether to keep changes only in memory. */
  readonly isReadOnly: boolean
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  /** Receives a message if the file is damaged. */
  readonly warn: (message: string) => void
}

/** The largest file that is read, in bytes: some millions of torrents. */
const MAX_SIZE = 2 ** 30

/** Minimum number of outdated lines before the file is rewritten. */
const MIN_OUTDATED = 1000

/**
 * Records which torrents of a directory btkit wrote, in a file to which each change appends a line.
 * If a kill or a power failure leaves a partial line, the lines before it stay valid.
 */
export class TorrentLog {
  /** Whether the file did not exist. */
  readonly isNew: boolean
  readonly #path: string
  readonly #options: OpenLogOptions
  readonly #bytes: Buffer
  readonly #scanned: ScannedLines
  readonly #put = new PutLines(() => this.#openReader())
  /** The lines not yet written. */
  #pending: NamedLine[] = []
  #descriptor: number | null = null
  #writing: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null
  #failure: Error | null = null
  /** Where to cut off a partial line before the first write; null if there is none. */
  #cutAt: number | null

  private constructor(path: string, bytes: Buffer | null, options: OpenLogOptions) {
    this.#path = path
    this.#options = options
    this.#bytes = bytes ?? Buffer.alloc(0)
    this.isNew = this.#bytes.length === 0
    this.#scanned = scanLines(this.#bytes)
    this.#cutAt = this.#scanned.length < this.#bytes.length ? this.#scanned.length : null
  }

  /**
   * Reads the records of a directory's torrents. Damaged lines are ignored, and a copy of the
   * damaged file is kept beside it.
   * @throws BtkitError `not-permitted`, `too-large` or `io`. The reasons include a newer version
   *   of the file, a file that is not a regular file, and a directory in which others could replace
   *   files.
   */
  static open(options: OpenLogOptions): TorrentLog {
    const path = logPath(options.stateDirectory, options.target)
    return callSystem(`state ${path}`, () => {
      for (const directory of [options.stateDirectory, dirname(path)])
        requireOwnDirectory(directory)
      const log = new TorrentLog(path, readIfThere(path, MAX_SIZE), options)
      const { version, damaged } = log.#scanned
      if (version !== null && version > VERSION) {
        throw new BtkitError(
          'io',
          `state ${path}: a newer btkit wrote it; upgrade btkit or name another with --state-dir`,
        )
      }
      if (damaged > 0 || (version === null && !log.isNew)) log.#mend()
      return log
    })
  }

  /** Returns the record of a torrent, by its file name; null if there is none. */
  get(name: string): TorrentRecord | null {
    const json = this.#put.get(name)
    if (json === null) return null
    if (json !== undefined) return parseRecord(json).record
    const place = this.#scanned.places.get(name)
    if (place === undefined) return null
    return parseRecord(unframeLine(lineAt(this.#bytes, place))).record
  }

  /** Whether a torrent has a record. Cheaper than reading the record. */
  has(name: string): boolean {
    const json = this.#put.get(name)
    return json === undefined ? this.#scanned.places.has(name) : json !== null
  }

  /** Whether a torrent's record has this identity. Cheaper than reading the whole record. */
  isUnchanged(name: string, identity: TorrentIdentity): boolean {
    const expected = formatIdentity(identity)
    const json = this.#put.get(name)
    if (json !== undefined) return json?.includes(expected) ?? false
    const place = this.#scanned.places.get(name)
    if (place === undefined) return false
    return this.#bytes.toString('latin1', place, place + expected.length) === expected
  }

  /**
   * Sets the record of a torrent; null says that it is no longer btkit's. Durable after the next
   * flush.
   */
  put(name: string, record: TorrentRecord | null): void {
    const line = { name, json: formatRecord(name, record) }
    this.#put.put(line, record === null)
    if (this.#failure === null) this.#pending.push(line)
  }

  /**
   * Resolves when all records set so far would survive a power failure. Calls during a write share
   * the next one.
   * @throws BtkitError `not-permitted` or `io`; after the first failure at every call
   */
  flush(): Promise<void> {
    if (this.#options.isReadOnly) return Promise.resolve()
    const start = () => {
      this.#next = null
      this.#writing = this.#writePending()
      return this.#writing
    }
    this.#next ??= this.#writing.then(start, start)
    return this.#next
  }

  /** Flushes, rewrites the file if many lines are outdated, and closes it. */
  async close(): Promise<void> {
    try {
      // Wait: a thread that syncs the file still uses this descriptor number
      await (this.#pending.length > 0 ? this.flush() : this.#writing.catch(() => undefined))
      const outdated = this.#scanned.outdated + this.#put.outdated
      const { size } = this.#scanned.places
      const isWorthIt = outdated > MIN_OUTDATED && outdated > size / 4
      if (isWorthIt && !this.#options.isReadOnly && this.#failure === null) this.#compact()
    } finally {
      if (this.#descriptor !== null) closeSync(this.#descriptor)
      this.#descriptor = null
    }
  }

  async #writePending(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const lines = this.#pending
    this.#pending = []
    if (lines.length === 0) return
    try {
      const descriptor = this.#openForAppending()
      const { size } = fstatSync(descriptor)
      writeAll(descriptor, frameLines(lines.map(({ json }) => json)))
      this.#put.letGo(lines, size)
      await sync(descriptor)
    } catch (error) {
      const failure = asBtkitError(error, `state ${this.#path}`)
      this.#failure = failure instanceof Error ? failure : new Error(String(failure))
      throw this.#failure
    }
  }

  #openReader(): LineReader {
    const descriptor = this.#openForAppending()
    return new LineReader({ descriptor, name: `state ${this.#path}` })
  }

  #openForAppending(): number {
    if (this.#descriptor !== null) return this.#descriptor
    if (this.isNew) replaceFile(this.#path, [headLine(this.#options.target)])
    this.#descriptor = openForAppending(this.#path)
    if (this.#cutAt !== null) ftruncateSync(this.#descriptor, this.#cutAt)
    return this.#descriptor
  }

  #mend(): void {
    const { warn, now, isReadOnly } = this.#options
    const lost =
      'torrents whose lines are lost are left alone unless they are exactly what btkit would write'
    if (isReadOnly) {
      warn(`state ${this.#path}: damaged; ${lost}`)
      return
    }
    const aside = copyAside(this.#path, now())
    this.#rewrite()
    this.#cutAt = null
    warn(`state ${this.#path}: damaged, kept as ${basename(aside)}; ${lost}`)
  }

  #compact(): void {
    try {
      this.#rewrite()
    } catch (error) {
      // Not an error: the file is only longer than necessary
      if (osCodeOf(error) === undefined && !(error instanceof BtkitError)) throw error
    }
  }

  #rewrite(): void {
    replaceFile(this.#path, this.#currentLines())
  }

  *#currentLines(): Generator<Buffer> {
    yield headLine(this.#options.target)
    for (const [name, place] of this.#scanned.places) {
      if (!this.#put.has(name)) yield lineAt(this.#bytes, place)
    }
    yield* this.#put.current()
  }
}
