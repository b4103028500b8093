import { removeDeadFiles } from '../../files/write/remove-dead-files.js'
import { TorrentLog } from '../../state/torrent-log.js'
import { endsAll, type TargetLocks } from './target-locks.js'

/** A directory of torrents that this run has locked. */
export interface TargetDirectory {
  readonly realPath: string
  /** All names in it when it was locked. */
  readonly files: readonly string[]
  /** The records of its torrents that are btkit's. */
  readonly log: TorrentLog
}

/** A run's directories of torrents, by real path. */
export class TargetDirectories {
  readonly #open = new Map<string, TargetDirectory>()
  readonly #failed: Map<string, unknown>

  constructor(
    readonly locks: TargetLocks,
    readonly list: (realPath: string) => readonly string[],
  ) {
    this.#failed = new Map(locks.failed)
  }

  /**
   * Reads the records of their torrents. An error is thrown later, when the directory is requested.
   */
  open(): void {
    for (const path of this.locks.paths) {
      try {
        this.#open.set(path, this.#openOne(path))
      } catch (error) {
        if (endsAll(error)) throw error
        this.#failed.set(path, error)
      }
    }
  }

  /**
   * Returns a directory of torrents by its real path; undefined if there is none.
   * @throws BtkitError `not-permitted` or `io` if the directory or its records cannot be used
   */
  find(path: string): TargetDirectory | undefined {
    if (this.#failed.has(path)) throw this.#failed.get(path)
    return this.#open.get(path)
  }

  /** Writes the records. `onFailure` receives each directory whose records cannot be written. */
  async close(onFailure: (target: string, error: unknown) => void): Promise<void> {
    for (const { realPath: path, log } of this.#open.values()) {
      try {
        await log.close()
      } catch (error) {
        onFailure(path, error)
      }
    }
  }

  #openOne(path: string): TargetDirectory {
    const { request, context } = this.locks
    const { dryRun } = request
    const { state, cacheAccess } = context
    const files = this.list(path)
    if (!dryRun) removeDeadFiles(path, files)
    const { directory: stateDirectory, warn } = state
    const options = { stateDirectory, target: path, isReadOnly: dryRun, now: cacheAccess.now, warn }
    return { realPath: path, files, log: new TorrentLog(options) }
  }
}
