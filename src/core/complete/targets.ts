import { resolve } from 'node:path'
import { asBtkitError, BtkitError } from '../../errors.js'
import { realPath } from '../../files/inside.js'
import { lockDirectory, type DirectoryLock } from '../../files/locks.js'
import { listFiles, NO_FILES, type FileListing } from '../../files/stat-files.js'
import { removeDeadFiles } from '../../files/temporary-files.js'
import { TorrentLog, type OpenLogOptions } from '../../state/torrent-log.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/** A directory of torrents that this run has locked. */
export class TargetDirectory {
  #log: TorrentLog | undefined

  /** `states` are all files in it when it was locked. */
  constructor(
    readonly realPath: string,
    readonly states: FileListing,
    private readonly options: OpenLogOptions,
  ) {}

  /** The records of its torrents that are btkit's. */
  get log(): TorrentLog {
    return this.#log ?? this.readLog()
  }

  /**
   * Reads the records. The system can look at files meanwhile.
   * @throws BtkitError as TorrentLog, and if records could not be written
   */
  readLog(): TorrentLog {
    if (this.#log) return this.#log
    const log = new TorrentLog(this.options)
    if (!this.options.isReadOnly) log.requireWritable()
    return (this.#log = log)
  }

  /** Writes the records, if they were read. */
  async close(): Promise<void> {
    await this.#log?.close()
  }
}

/** A run's directories of torrents, by real path. Each stays locked until they are closed. */
export class TargetDirectories {
  readonly #locks: DirectoryLock[] = []
  readonly #open = new Map<string, TargetDirectory>()
  readonly #failed = new Map<string, unknown>()
  readonly #lists = new Map<string, FileListing | Error>()

  constructor(
    readonly request: CompleteRequest,
    readonly context: CompleteContext,
  ) {}

  /**
   * Locks each directory of torrents once, in an order that prevents deadlocks between runs, and then
   * lists them and those of entries. The error of one is thrown later, when it is requested.
   * @throws BtkitError `locked` or `interrupted`
   */
  async open(): Promise<void> {
    const { directories, target } = this.request
    const orNone = (path: string) => this.#placeOrNone(path)
    const paths = (target === null ? directories : [target]).flatMap(orNone)
    const sorted = [...new Set(paths)].sort()
    for (const path of sorted) await this.#attempt(path, () => this.#lockOne(path))
    const listed = new Set([...sorted, ...directories.flatMap(orNone)])
    await Promise.all([...listed].map((path) => this.#list(path)))
    for (const path of sorted) {
      await this.#attempt(path, () => {
        this.#openOne(path)
      })
    }
  }

  /**
   * Returns the real path of a directory; null if it does not exist. The target of a dry run need
   * not exist.
   * @throws BtkitError `not-permitted` or `io`
   */
  placeOf(path: string): string | null {
    const { dryRun, target } = this.request
    return realPath(path) ?? (dryRun && path === target ? resolve(path) : null)
  }

  /**
   * Returns a directory of torrents by its real path; undefined if there is none.
   * @throws BtkitError `not-permitted` or `io` if the directory cannot be used
   */
  find(path: string): TargetDirectory | undefined {
    if (this.#failed.has(path)) throw this.#failed.get(path)
    return this.#open.get(path)
  }

  /**
   * Returns the files of a directory of torrents or entries. It was listed once: both may be one.
   * @throws BtkitError `not-found`, `not-permitted` or `io`
   */
  list(path: string): FileListing {
    const list = this.#lists.get(path)
    if (list instanceof Error) throw list
    if (list === undefined) throw new BtkitError('not-found', `${path}: no such file or directory`)
    return list
  }

  /**
   * Writes the records, and releases the locks. `onFailure` receives each directory whose records
   * cannot be written.
   */
  async close(onFailure: (target: string, error: unknown) => void): Promise<void> {
    for (const directory of this.#open.values()) {
      try {
        await directory.close()
      } catch (error) {
        onFailure(directory.realPath, error)
      }
    }
    for (const lock of this.#locks) lock.release()
  }

  async #attempt(path: string, act: () => Promise<void> | void): Promise<void> {
    if (this.#failed.has(path)) return
    try {
      await act()
    } catch (error) {
      const endsAll =
        error instanceof BtkitError && (error.code === 'locked' || error.code === 'interrupted')
      if (endsAll) throw error
      this.#failed.set(path, error)
    }
  }

  async #list(path: string): Promise<void> {
    try {
      this.#lists.set(path, await listFiles(path))
    } catch (error) {
      const known = asBtkitError(error, path)
      if (!(known instanceof BtkitError)) throw error
      const isPlanned = this.request.dryRun && known.code === 'not-found'
      this.#lists.set(path, isPlanned ? NO_FILES : known)
    }
  }

  #placeOrNone(path: string): string[] {
    try {
      return [this.placeOf(path) ?? []].flat()
    } catch {
      // The later attempt to open the directory reports the error
      return []
    }
  }

  async #lockOne(path: string): Promise<void> {
    const { dryRun, waitSeconds } = this.request
    const { signal } = this.context.engine
    if (!dryRun) this.#locks.push(await lockDirectory(path, { waitSeconds, signal }))
  }

  #openOne(path: string): void {
    const { state, cacheAccess } = this.context
    const isReadOnly = this.request.dryRun
    const states = this.list(path)
    if (!isReadOnly) removeDeadFiles(path, states.names)
    const { directory: stateDirectory, warn } = state
    const options = { stateDirectory, target: path, isReadOnly, now: cacheAccess.now, warn }
    this.#open.set(path, new TargetDirectory(path, states, options))
  }
}
