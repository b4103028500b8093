import { BtkitError, callSystem } from '../../errors.js'
import { realPath } from '../../files/inside.js'
import { lockDirectory, type DirectoryLock } from '../../files/locks.js'
import { readNames } from '../../files/scan/read-names.js'
import { removeDeadFiles } from '../../files/temporary-files.js'
import { TorrentLog, type OpenLogOptions } from '../../state/torrent-log.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/** A directory of torrents that this run has locked. */
export class TargetDirectory {
  #log: TorrentLog | undefined

  /** `files` are all names in it when it was locked. */
  constructor(
    readonly realPath: string,
    readonly files: readonly string[],
    private readonly options: OpenLogOptions,
  ) {}

  /** The records of its torrents that are btkit's. */
  get log(): TorrentLog {
    return this.#log ?? this.readLog()
  }

  /**
   * Reads the records. The system can look at files meanwhile.
   * @throws BtkitError as TorrentLog
   */
  readLog(): TorrentLog {
    this.#log ??= new TorrentLog(this.options)
    return this.#log
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
  readonly #lists = new Map<string, readonly string[]>()

  constructor(
    readonly request: CompleteRequest,
    readonly context: CompleteContext,
  ) {}

  /**
   * Locks each directory once, in an order that prevents deadlocks between runs, and then lists
   * them. The error of one directory is thrown later, when the directory is requested.
   * @throws BtkitError `locked` or `interrupted`
   */
  async open(): Promise<void> {
    const { directories, target } = this.request
    const paths = (target === null ? directories : [target]).flatMap(realPathOrNone)
    const sorted = [...new Set(paths)].sort()
    for (const path of sorted) await this.#attempt(path, () => this.#lockOne(path))
    for (const path of sorted) {
      await this.#attempt(path, () => {
        this.#openOne(path)
      })
    }
  }

  /**
   * Returns a directory of torrents by its real path; undefined if there is none.
   * @throws BtkitError `not-permitted` or `io` if the directory cannot be used
   */
  find(path: string): TargetDirectory | undefined {
    if (this.#failed.has(path)) throw this.#failed.get(path)
    return this.#open.get(path)
  }

  /** Lists each directory only once: sources and torrents may share one. */
  list(path: string): readonly string[] {
    const names = this.#lists.get(path) ?? callSystem(path, () => readNames(path))
    this.#lists.set(path, names)
    return names
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

  async #lockOne(path: string): Promise<void> {
    const { dryRun, waitSeconds } = this.request
    const { signal } = this.context.engine
    if (!dryRun) this.#locks.push(await lockDirectory(path, { waitSeconds, signal }))
  }

  #openOne(path: string): void {
    const { state, cacheAccess } = this.context
    const isReadOnly = this.request.dryRun
    const files = this.list(path)
    if (!isReadOnly) removeDeadFiles(path, files)
    const { directory: stateDirectory, warn } = state
    const options = { stateDirectory, target: path, isReadOnly, now: cacheAccess.now, warn }
    this.#open.set(path, new TargetDirectory(path, files, options))
  }
}

function realPathOrNone(path: string): string[] {
  try {
    return [realPath(path) ?? []].flat()
  } catch {
    // The later attempt to open the directory reports the error
    return []
  }
}
