import { join } from 'node:path'
import type { OutputRecord } from '../../cache/records/output.js'
import { removeDeadFiles } from '../../files/write/remove-dead-files.js'
import { TorrentLog } from '../../state/torrents/log.js'
import type { TorrentDigests, TorrentRecord } from '../../state/torrents/record.js'
import { endsAll, type TargetLocks } from './target-locks.js'

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
  readonly #failed: Map<string, unknown>

  constructor(
    readonly locks: TargetLocks,
    readonly list: (realPath: string) => readonly string[],
  ) {
    this.#failed = new Map(locks.failed)
  }

  /** Reads what is known of the torrents in them. One that can't be used fails when it is asked for. */
  async open(): Promise<void> {
    for (const path of this.locks.paths) {
      try {
        this.#open.set(path, await this.#openOne(path))
      } catch (error) {
        if (endsAll(error)) throw error
        this.#failed.set(path, error)
      }
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
   * Writes what is known now. `onFailure` hears of each for which what is known of the torrents can't
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
  }

  async #openOne(path: string): Promise<TargetDirectory> {
    const { request, context } = this.locks
    const { dryRun } = request
    const { state, cacheAccess } = context
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
    const { request, context } = this.locks
    const { cacheAccess, lazyCache } = context
    await lazyCache?.wake()
    const { cache } = cacheAccess
    const taken: string[] = []
    for (const file of files) {
      const torrent = join(path, file)
      const record = file.endsWith('.torrent') ? cache.output(torrent) : null
      if (!record) continue
      log.put(file, fromOutputRecord(record))
      taken.push(torrent)
    }
    if (taken.length === 0 || request.dryRun) return
    await log.flush()
    for (const torrent of taken) cache.forgetOutput(torrent)
  }
}

function fromOutputRecord({ written, replaced, ...identity }: OutputRecord): TorrentRecord {
  return { ...identity, written: digestsOf(written), replaced: replaced && digestsOf(replaced) }
}

function digestsOf(file: Uint8Array): TorrentDigests {
  return { file, info: null, keys: null }
}
