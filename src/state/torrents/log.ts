import { closeSync, fdatasync, fstatSync, ftruncateSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
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
  /** Where all state is. */
  readonly stateDirectory: string
  /** The real path of the directory of the torrents. Who writes holds its lock. */
  readonly target: string
  /** Keep what is put in memory alone, for who must change nothing. */
  readonly isReadOnly: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Hears when something is damaged. */
  readonly warn: (message: string) => void
}

/** The longest file that is read, in bytes: some millions of torrents. */
const MAX_SIZE = 2 ** 30

/** Outdated lines that a file may have before it is written anew. */
const MIN_OUTDATED = 1000

/**
 * Which torrents of a directory btkit wrote: a file of lines, to which each change is added. When a
 * kill or a power cut leaves part of a line, the lines before it stand.
 */
export class TorrentLog {
  /** Whether there was no file yet. */
  readonly isNew: boolean
  readonly #path: string
  readonly #options: OpenLogOptions
  readonly #bytes: Buffer
  readonly #scanned: ScannedLines
  readonly #put = new PutLines(() => this.#openReader())
  /** The lines that are to be written. */
  #pending: NamedLine[] = []
  #descriptor: number | null = null
  #writing: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null
  #failure: Error | null = null
  /** Where to cut off what a kill left of a line, before anything is added; null for nowhere. */
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
   * Reads what is known of a directory's torrents. Damaged lines are left out, and the file as it
   * was is kept beside.
   * @throws BtkitError `not-permitted`, `too-large` or `io`, also for what a newer btkit wrote, for what is
   *   no regular file, and for directories that others could swap files in
   */
  static open(options: OpenLogOptions): TorrentLog {
    const path = logPath(options.stateDirectory, options.target)
    try {
      for (const directory of [options.stateDirectory, dirname(path)])
        requireOwnDirectory(directory)
      const log = new TorrentLog(path, readIfThere(path, MAX_SIZE), options)
      const { version, damaged } = log.#scanned
      if (version !== null && version > VERSION) {
        throw new BtkitError('io', `state ${path}: a newer btkit wrote it`)
      }
      if (damaged > 0 || (version === null && !log.isNew)) log.#mend()
      return log
    } catch (error) {
      throw asBtkitError(error, `state ${path}`)
    }
  }

  /** What is known of a torrent, by its file name. */
  get(name: string): TorrentRecord | null {
    const json = this.#put.get(name)
    if (json === null) return null
    if (json !== undefined) return parseRecord(json).record
    const place = this.#scanned.places.get(name)
    if (place === undefined) return null
    return parseRecord(unframeLine(lineAt(this.#bytes, place))).record
  }

  /** Whether anything is known of a torrent; cheaper than to read it. */
  has(name: string): boolean {
    const json = this.#put.get(name)
    return json === undefined ? this.#scanned.places.has(name) : json !== null
  }

  /** Whether just that is known of a torrent; cheaper than to read all that is. */
  isUnchanged(name: string, identity: TorrentIdentity): boolean {
    const expected = formatIdentity(identity)
    const json = this.#put.get(name)
    if (json !== undefined) return json?.includes(expected) ?? false
    const place = this.#scanned.places.get(name)
    if (place === undefined) return false
    return this.#bytes.toString('latin1', place, place + expected.length) === expected
  }

  /** Notes a torrent, or with null that it is no longer btkit's. It lasts from the next flush on. */
  put(name: string, record: TorrentRecord | null): void {
    const line = { name, json: formatRecord(name, record) }
    this.#put.put(line, record === null)
    if (this.#failure === null) this.#pending.push(line)
  }

  /**
   * Resolves when all that was put would outlive a power cut. Calls that come while the disk is at
   * work share the next write.
   * @throws BtkitError `not-permitted` or `io`, from the first failure on always
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

  /** Flushes, writes the file anew when much of it is outdated, and lets go. */
  async close(): Promise<void> {
    try {
      // A thread that brings the file to the disk has only the number of its descriptor
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
      'torrents that it no longer tells of are left alone, unless they are just what would be written'
    if (isReadOnly) {
      warn(`state ${this.#path}: is damaged; ${lost}`)
      return
    }
    const aside = copyAside(this.#path, now())
    this.#rewrite()
    this.#cutAt = null
    warn(`state ${this.#path}: was damaged, and is kept as ${basename(aside)}; ${lost}`)
  }

  #compact(): void {
    try {
      this.#rewrite()
    } catch (error) {
      // The file is longer than it need be, and that is all
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
