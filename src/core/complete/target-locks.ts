import { BtkitError } from '../../errors.js'
import { lockDirectory, type DirectoryLock } from '../../files/lock-directory.js'
import { realPath } from '../../files/inside.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/** The locks of a run on its directories of torrents, by their real paths. */
export class TargetLocks {
  /** Null for one that a dry run, which changes nothing, need not lock. */
  readonly #locks = new Map<string, DirectoryLock | null>()
  readonly #failed = new Map<string, unknown>()

  constructor(
    readonly request: CompleteRequest,
    readonly context: CompleteContext,
  ) {}

  /**
   * Locks each of them once, in an order that can't make two runs wait for each other. One that can't
   * be locked is among those that failed.
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

  /** The real paths of those that are locked. */
  get paths(): readonly string[] {
    return [...this.#locks.keys()]
  }

  /** Why others could not be locked. */
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
    // Whoever opens the directory will say what is wrong with it
    return []
  }
}

/** Whether an error ends the whole run, not the work on one directory alone. */
export function endsAll(error: unknown): boolean {
  return error instanceof BtkitError && (error.code === 'locked' || error.code === 'interrupted')
}
