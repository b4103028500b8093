import { join } from 'node:path'
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
  readonly #locks: DirectoryLock[] = []

  constructor(
    readonly request: CompleteRequest,
    readonly context: CompleteContext,
    readonly list: (realPath: string) => readonly string[],
  ) {}

  /**
   * Locks each of them once, in an order that can't make two runs wait for each other, and reads
   * what is known of its torrents. One that is not there is left out.
   * @throws BtkitError `locked`, `interrupted`, `not-permitted` or `io`
   */
  async open(): Promise<void> {
    const { directories, target, dryRun, waitSeconds } = this.request
    const found = (target === null ? directories : [target]).map(realPath)
    for (const path of [...new Set(found)].sort()) {
      if (path === null) continue
      const { signal } = this.context.engine
      if (!dryRun) this.#locks.push(await lockDirectory(path, waitSeconds, signal))
      this.#open.set(path, await this.#openOne(path))
    }
  }

  find(path: string): TargetDirectory | undefined {
    return this.#open.get(path)
  }

  /**
   * Lets go of all of them.
   * @throws BtkitError when what is known of the torrents can't be written
   */
  async close(): Promise<void> {
    try {
      for (const { log } of this.#open.values()) await log.close()
    } finally {
      for (const lock of this.#locks) lock.release()
    }
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
    const { cache } = this.context.cacheAccess
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

function fromOutputRecord({ written, replaced, ...identity }: OutputRecord): TorrentRecord {
  return { ...identity, written: digestsOf(written), replaced: replaced && digestsOf(replaced) }
}

function digestsOf(file: Uint8Array): TorrentDigests {
  return { file, info: null, keys: null }
}
