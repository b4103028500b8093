import { resolve } from 'node:path'
import { asBtkitError, BtkitError, callSystem, valueOr } from '../../../base/errors.js'
import { realPath } from '../../../disk/look/inside.js'
import type { FileLock } from '../../../disk/write/locks.js'
import {
  listFiles,
  listNow,
  ListingRoom,
  NO_FILES,
  type FileListing,
} from '../../../disk/look/stat-files.js'
import { Directory } from '../../../disk/write/directory.js'
import { Writer } from '../../../disk/write/many.js'
import { removeDeadFiles } from '../../../disk/write/temporary-files.js'
import {
  lockTorrents,
  logDirectory,
  requireOwnLogs,
  TorrentLog,
} from '../../../disk/state/torrent-log.js'
import { noteOnce, type CompleteReport } from '../report.js'
import type { CompleteContext, CompleteRequest, SourcePlace } from '../request.js'

/** A directory of torrents that this run has locked. */
export interface TargetDirectory {
  readonly directory: Directory
  /** All files in it when it was locked. */
  readonly states: FileListing
  /** The records of its torrents that are btkit's. */
  readonly log: TorrentLog
}

/** Directories of torrents that are open, of a tree. */
export interface OpenTree {
  /** By the paths in places. A dry run may find none for a place. */
  readonly targets: ReadonlyMap<string, Directory>
  /** The real path of a target that is locked already. */
  readonly locked: string | null
}

/** Whether places are the directories of a tree. */
export function isTree(places: readonly SourcePlace[]): boolean {
  return places.some(({ branch }) => branch)
}

/** A run's directories of torrents, by real path. Each stays locked until they are closed. */
export class TargetDirectories {
  readonly #locks: FileLock[] = []
  /** Each rejects with `not-permitted` or `io` if it cannot be used, and as TorrentLog. */
  readonly opened = new Map<string, Promise<TargetDirectory>>()
  readonly #lists = new Map<string, Promise<FileListing>>()
  readonly #realPaths = new Map<string, string | null>()
  /** The open directories of a tree, by real path. */
  readonly #held = new Map<string, Directory>()
  /** Writes the records of a tree, of which each directory has few. */
  readonly #writer: Writer | undefined
  /** For the listings of a tree, of which a thread for each would take twice as long. */
  readonly #room: ListingRoom | undefined
  #isWritable = false
  #hasWritten = false
  #trusted: boolean | undefined

  /** `tree` has the directories of a tree that are open. */
  constructor(
    readonly request: CompleteRequest,
    readonly places: readonly SourcePlace[],
    readonly context: CompleteContext,
    private readonly tree: OpenTree | null = null,
  ) {
    this.#writer = isTree(places) ? new Writer(WRITES) : undefined
    this.#room = isTree(places) ? new ListingRoom() : undefined
    for (const { directory, branch } of places)
      if (branch?.realDirectory) this.#realPaths.set(directory, branch.realDirectory)
    for (const [target, directory] of tree?.targets ?? []) {
      this.#realPaths.set(target, directory.path)
      this.#held.set(directory.path, directory)
      if (directory.isNew) this.#lists.set(directory.path, Promise.resolve(NO_FILES))
    }
  }

  /**
   * Locks each directory of torrents once, in an order that prevents deadlocks between runs, and
   * lists them and those of entries. The error of one is thrown when it is requested, but in a tree
   * also that of a lock.
   * @throws BtkitError `locked` or `interrupted`
   */
  async open(): Promise<void> {
    const { dryRun, waitSeconds } = this.request
    const { directory } = this.context.state
    const wait = { waitSeconds, signal: this.context.engine.signal }
    // A later request for a directory that cannot be looked at reports the error
    const placesOf = (paths: readonly string[]) =>
      paths.flatMap((path) => valueOr(null, () => this.placeOf(path)) ?? [])
    for (const path of new Set(placesOf(this.places.map(({ target }) => target)).sort())) {
      const isLocked = !dryRun && path !== this.tree?.locked && this.#isTrusted(directory)
      const locking = isLocked ? lockTorrents(directory, path, wait) : null
      this.opened.set(path, later(this.#open(path, locking)))
      await locking?.catch((error: unknown) => {
        const endsAll: readonly string[] = isTree(this.places)
          ? ['interrupted']
          : ['locked', 'interrupted']
        if (error instanceof BtkitError && endsAll.includes(error.code)) throw error
      })
    }
    const directories = this.places.filter(({ branch }) => branch?.chooses !== null)
    const lists = placesOf(directories.map(({ directory }) => directory)).map((path) =>
      this.list(path),
    )
    await Promise.allSettled([...this.opened.values(), ...lists])
  }

  /**
   * Returns the real path of a directory; null if it does not exist. The target of a dry run need
   * not exist.
   * @throws BtkitError `not-permitted` or `io`
   */
  placeOf(path: string): string | null {
    const found = this.realPath(path)
    const { dryRun, target: output } = this.request
    if (found !== null || !dryRun || output === null) return found
    return this.places.some(({ target }) => path === target) ? resolve(path) : null
  }

  /**
   * Returns the real path of a directory as it was when it was asked for first.
   * @throws BtkitError `not-permitted` or `io`
   */
  realPath(path: string): string | null {
    const known = this.#realPaths.get(path)
    if (known !== undefined) return known
    const found = realPath(path)
    this.#realPaths.set(path, found)
    return found
  }

  /**
   * Returns the files of a directory of torrents or entries. It is listed once: both may be one.
   * @throws BtkitError `not-found`, `not-permitted` or `io`
   */
  list(path: string): Promise<FileListing> {
    const known = this.#lists.get(path)
    if (known) return known
    const room = this.#room
    const at = this.#held.get(path)?.at() ?? path
    const reading = room ? Promise.resolve(at).then((each) => listNow(each, room)) : listFiles(at)
    const listing = reading.catch((error: unknown) => {
      const problem = asBtkitError(error, path)
      const isMissing = problem instanceof BtkitError && problem.code === 'not-found'
      if (this.request.dryRun && isMissing) return NO_FILES
      throw problem
    })
    this.#lists.set(path, later(listing))
    return listing
  }

  /** Writes the records, and releases the locks. Reports the records that cannot be written. */
  async close(report: CompleteReport): Promise<void> {
    const closing = [...this.opened.values()].map(async (opening) => {
      const directory = await opening.catch(() => null)
      await directory?.log.close()
      if (directory?.log.hasWritten) this.#hasWritten = true
    })
    const closed = await Promise.allSettled(closing)
    for (const [i, path] of [...this.opened.keys()].entries()) {
      const result = closed[i]
      if (result?.status === 'rejected') noteOnce(report, path, result.reason)
    }
    if (this.#hasWritten) await this.#writer?.sync(logDirectory(this.context.state.directory))
    for (const lock of this.#locks) lock.release()
    for (const directory of this.tree?.targets.values() ?? []) directory.close()
  }

  /** Whether the state is this user's own; else each journal reports it. */
  #isTrusted(stateDirectory: string): boolean {
    this.#trusted ??= valueOr(false, () => {
      callSystem(stateDirectory, () => {
        requireOwnLogs(stateDirectory)
      })
      return true
    })
    return this.#trusted
  }

  async #open(target: string, locking: Promise<FileLock> | null): Promise<TargetDirectory> {
    const lock = await locking
    if (lock) this.#locks.push(lock)
    const { state, cacheAccess } = this.context
    const { directory: stateDirectory, warn } = state
    const isReadOnly = this.request.dryRun
    // The system looks at files while the records are read
    const listing = this.list(target)
    const { now } = cacheAccess
    const isTrusted = this.#isTrusted(stateDirectory)
    const options = { stateDirectory, target, isReadOnly, now, warn, isTrusted }
    const log = new TorrentLog({ ...options, writer: this.#writer })
    if (!isReadOnly) log.requireWritable(this.#isWritable)
    this.#isWritable = true
    const states = await listing
    const directory = this.#held.get(target) ?? Directory.named(target)
    if (!isReadOnly) removeDeadFiles(directory, () => states.names)
    return { directory, states, log }
  }
}

/** Number of records that are written at the same time. */
const WRITES = 1024

/** Returns work whose error is handled when somebody awaits it. */
function later<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}
