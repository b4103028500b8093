import { join } from 'node:path'
import { BtkitError } from '../../errors.js'
import type { OutputRecord } from '../../cache/records/output.js'
import { lockDirectory, type DirectoryLock } from '../../files/lock-directory.js'
import { realPath } from '../../files/real-path.js'
import { removeDeadFiles } from '../../files/write/remove-dead-files.js'
import { TorrentLog } from '../../state/torrents/log.js'
import type { TorrentDigests, TorrentRecord } from '../../state/torrents/record.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/** A directory of torrents that no other run works on meanwhile. */
export interface TargetDirectory {
  readonly realPath: string
  /** The names of all that was in it when it was locked. */
  readonly files: readonly string[]
  /** Which of its torrents are btkit's. */
  readonly log: TorrentLog
}

/** The directories of torrents of a run, by their real paths. */
export class TargetDirectories {
  readonly #open = new Map<string, TargetDirectory>()
  readonly #failed = new Map<string, unknown>()
  /** Null for one that a dry run, which changes nothing, need not lock. */
  readonly #locks = new Map<string, DirectoryLock | null>()

  constructor(
    readonly request: CompleteRequest,
    readonly context: CompleteContext,
    readonly list: (realPath: string) => readonly string[],
  ) {}

  /**
   * Locks each of them once, in an order that can't make two runs wait for each other. One that can't
   * be locked fails when it is asked for.
   * @throws BtkitError `locked` or `interrupted`
   */
  async lock(): Promise<void> {
    const { directories, target } = this.request
    const paths = (target === null ? directories : [target]).flatMap(realPathOrNone)
    for (const path of [...new Set(paths)].sort()) {
      await this.#attempt(path, () => this.#lockOne(path))
    }
  }

  /** The real paths of those that are locked. */
  get paths(): readonly string[] {
    return [...this.#locks.keys()]
  }

  /** Reads what is known of the torrents in them. One that can't be used fails when it is asked for. */
  async open(): Promise<void> {
    for (const path of this.paths) {
      await this.#attempt(path, async () => {
        this.#open.set(path, await this.#openOne(path))
      })
    }
  }

  /**
   * A directory of torrents by its real path; undefined when there is none.
   * @throws BtkitError `not-permitted` or `io` when it can't be used, or what is known of it
   */
  find(path: string): TargetDirectory | undefined {
    if (this.#failed.has(path)) throw this.#failed.get(path)
    return this.#open.get(path)
  }

  /**
   * Lets go of all of them. `onFailure` hears of each for which what is known of the torrents can't
   * be written.
   */
  async close(onFailure: (target: string, error: unknown) => void): Promise<void> {
    for (const { realPath: path, log } of this.#open.values()) {
      try {
        await log.close()
      } catch (error) {
        onFailure(path, error)
      }
    }
    for (const lock of this.#locks.values()) lock?.release()
  }

  async #attempt(path: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (endsAll(error)) throw error
      this.#failed.set(path, error)
    }
  }

  async #lockOne(path: string): Promise<void> {
    const { dryRun, waitSeconds } = this.request
    const { signal } = this.context.engine
    this.#locks.set(path, dryRun ? null : await lockDirectory(path, { waitSeconds, signal }))
  }

  async #openOne(path: string): Promise<TargetDirectory> {
    const { dryRun } = this.request
    const { state, cacheAccess } = this.context
    const files = this.list(path)
    if (!dryRun) removeDeadFiles(path, files)
    const { directory: stateDirectory, warn } = state
    const options = { stateDirectory, target: path, isReadOnly: dryRun, now: cacheAccess.now, warn }
    const target = { realPath: path, files, log: TorrentLog.open(options) }
    if (target.log.isNew) await this.#takeOver(target)
    return target
  }

  /** Takes over, once, what version 0.1 kept in the cache. */
  async #takeOver({ realPath: path, files, log }: TargetDirectory): Promise<void> {
    const { cacheAccess, sleepingCache } = this.context
    await sleepingCache?.wake()
    const { cache } = cacheAccess
    const taken: string[] = []
    for (const file of files) {
      const torrent = join(path, file)
      const record = file.endsWith('.torrent') ? cache.output(torrent) : null
      if (!record) continue
      log.put(file, fromOutputRecord(record))
      taken.push(torrent)
    }
    if (taken.length === 0 || this.request.dryRun) return
    await log.flush()
    for (const torrent of taken) cache.forgetOutput(torrent)
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

function endsAll(error: unknown): boolean {
  return error instanceof BtkitError && (error.code === 'locked' || error.code === 'interrupted')
}

function fromOutputRecord({ written, replaced, ...identity }: OutputRecord): TorrentRecord {
  return { ...identity, written: digestsOf(written), replaced: replaced && digestsOf(replaced) }
}

function digestsOf(file: Uint8Array): TorrentDigests {
  return { file, info: null, keys: null }
}
