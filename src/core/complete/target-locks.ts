import { BtkitError } from '../../errors.js'
import { lockDirectory, type DirectoryLock } from '../../files/lock-directory.js'
import { realPath } from '../../files/inside.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/** The locks of a run on its directories of torrents, by real path. */
export class TargetLocks {
  /** Null for a directory that a dry run need not lock. */
  readonly #locks = new Map<string, DirectoryLock | null>()
  readonly #failed = new Map<string, unknown>()

  constructor(
    readonly request: CompleteRequest,
    readonly context: CompleteContext,
  ) {}

  /**
   * Locks each directory once, in an order that prevents deadlocks between runs. A directory that
   * cannot be locked is added to the failed ones.
   * @throws BtkitError `locked` or `interrupted`
   */
  async take(): Promise<void> {
    const { directories, target } = this.request
    const paths = (target === null ? directories : [target]).flatMap(realPathOrNone)
    for (const path of [...new Set(paths)].sort()) {
      try {
        await this.#lockOne(path)
      } catch (error) {
        if (endsAll(error)) throw error
        this.#failed.set(path, error)
      }
    }
  }

  /** The real paths of the locked directories. */
  get paths(): readonly string[] {
    return [...this.#locks.keys()]
  }

  /** The errors of the other directories. */
  get failed(): ReadonlyMap<string, unknown> {
    return this.#failed
  }

  release(): void {
    for (const lock of this.#locks.values()) lock?.release()
  }

  async #lockOne(path: string): Promise<void> {
    const { dryRun, waitSeconds } = this.request
    const { signal } = this.context.engine
    this.#locks.set(path, dryRun ? null : await lockDirectory(path, { waitSeconds, signal }))
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

/** Whether an error ends the whole run, not only the work on one directory. */
export function endsAll(error: unknown): boolean {
  return error instanceof BtkitError && (error.code === 'locked' || error.code === 'interrupted')
}
