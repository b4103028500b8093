import { resolve } from 'node:path'
import { asBtkitError, BtkitError, callSystem, valueOr } from '../../../base/errors.js'
import { isWithin, realPath } from '../../../disk/look/inside.js'
import { compareBytes } from '../../../disk/look/read-names.js'
import { listFiles, NO_FILES, type FileListing } from '../../../disk/look/stat-files.js'
import { Directory } from '../../../disk/write/directory.js'
import { removeDeadFiles } from '../../../disk/write/temporary-files.js'
import {
  lockRecords,
  placeIn,
  requireOwnLogs,
  rootOf,
  type RecordsPlace,
  logPath,
} from '../../../disk/state/roots.js'
import { requireWritable } from '../../../disk/state/files.js'
import { TorrentRecords, type TorrentLog } from '../../../disk/state/torrent-log.js'
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

/** The open parts of a tree. */
export interface OpenTree {
  /** The directories of torrents by the paths in places. A dry run may find none for a place. */
  readonly targets: ReadonlyMap<string, Directory>
  /** The records of its torrents, which the caller has locked. */
  readonly records: TorrentRecords
  /** Listings of its directories of sources and of torrents, by real path. */
  readonly lists: ReadonlyMap<string, FileListing>
}

/** The records of a root, and their lock if they may be written. */
interface LockedRecords {
  readonly records: TorrentRecords
  readonly release: () => void
}

/** The place of records if their reader knows it, and its work while they are read. */
interface RecordsToOpen {
  readonly found?: RecordsPlace
  readonly onLocked?: () => void
}

/**
 * Opens the records that have the torrents of a directory, given by its real path. For writing,
 * they are locked; `onLocked` is called before they are read.
 * @throws BtkitError `locked`, `interrupted`, `not-permitted` or `io`
 */
export async function openRecords(
  target: string,
  { dryRun, waitSeconds }: CompleteRequest,
  { state, engine, cacheAccess: { now } }: CompleteContext,
  { found: known, onLocked }: RecordsToOpen = {},
): Promise<LockedRecords & RecordsPlace> {
  const { directory: stateDirectory, warn } = state
  callSystem(`state ${stateDirectory}`, () => {
    requireOwnLogs(stateDirectory)
  })
  const wait = { waitSeconds, signal: engine.signal }
  const found = dryRun
    ? { ...(known ?? rootOf(stateDirectory, target)), release: () => undefined }
    : await lockRecords(stateDirectory, target, wait, known)
  onLocked?.()
  try {
    // Before hours of work that the records must cover
    if (!dryRun) requireWritable(logPath(stateDirectory, found.root))
    const options = { stateDirectory, root: found.root, isReadOnly: dryRun, now, warn }
    const records = new TorrentRecords({ ...options, isTrusted: true })
    return { ...found, records }
  } catch (error) {
    found.release()
    throw error
  }
}

/** Writes records, and releases their lock. Reports those that cannot be written. */
export async function closeRecords(
  { records, release }: LockedRecords,
  shown: string,
  report: CompleteReport,
): Promise<void> {
  try {
    await records.close()
  } catch (error) {
    noteOnce(report, shown, error)
  }
  release()
}

/** A run's directories of torrents, by real path. Each stays locked until they are closed. */
export class TargetDirectories {
  /** Each rejects with `not-permitted` or `io` if it cannot be used, and as TorrentRecords. */
  readonly opened = new Map<string, Promise<TargetDirectory>>()
  readonly #records = new Map<string, Promise<LockedRecords>>()
  readonly #lists = new Map<string, Promise<FileListing>>()
  readonly #realPaths = new Map<string, string | null>()
  /** The open directories of a tree, by real path. */
  readonly #held = new Map<string, Directory>()

  /** `tree` is given for directories of a tree. */
  constructor(
    readonly request: CompleteRequest,
    readonly places: readonly SourcePlace[],
    readonly context: CompleteContext,
    readonly tree: OpenTree | null = null,
  ) {
    for (const { directory, branch } of places)
      if (branch?.realDirectory) this.#realPaths.set(directory, branch.realDirectory)
    for (const [path, listing] of tree?.lists ?? []) this.#lists.set(path, Promise.resolve(listing))
    for (const [target, directory] of tree?.targets ?? []) {
      this.#realPaths.set(target, directory.path)
      this.#held.set(directory.path, directory)
      if (directory.isNew) this.#lists.set(directory.path, Promise.resolve(NO_FILES))
    }
  }

  /**
   * Locks the records of each directory of torrents, in an order that prevents deadlocks between
   * runs, and lists these directories and those of entries. The error of one is thrown when it is
   * requested, but in a tree also that of a lock.
   * @throws BtkitError `locked` or `interrupted`
   */
  async open(): Promise<void> {
    // A later request for a directory that cannot be looked at reports the error
    const placesOf = (paths: readonly string[]) =>
      paths.flatMap((path) => valueOr(null, () => this.placeOf(path)) ?? [])
    const targets = [...new Set(placesOf(this.places.map(({ target }) => target)))]
    const found = targets.map((path) => ({ path, ...this.#rootOf(path) }))
    for (const { path, ...place } of found.sort((a, b) => compareBytes(a.root, b.root))) {
      const locking = this.#open(path, place)
      this.opened.set(path, later(locking))
      await this.#records.get(place.root)?.catch((error: unknown) => {
        const endsAll: readonly string[] = this.tree ? ['interrupted'] : ['locked', 'interrupted']
        if (error instanceof BtkitError && endsAll.includes(error.code)) throw error
      })
    }
    const directories = this.places.filter(({ branch }) => branch?.names !== null)
    const lists = placesOf(directories.map(({ directory }) => directory)).map((path) =>
      this.list(path),
    )
    await Promise.allSettled([...this.opened.values(), ...lists])
  }

  /** Finds the root of a directory of torrents: that of the tree, unless a link leads elsewhere. */
  #rootOf(path: string): RecordsPlace {
    const root = this.tree?.records.root
    if (root === undefined || !isWithin(path, root))
      return rootOf(this.context.state.directory, path)
    return { root, place: placeIn(root, path) }
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
    const reading = listFiles(this.#held.get(path)?.at() ?? path)
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
    await Promise.allSettled(this.opened.values())
    for (const [root, opening] of this.#records) {
      const opened = await opening.catch(() => null)
      if (opened) await closeRecords(opened, root, report)
    }
    for (const directory of this.tree?.targets.values() ?? []) directory.close()
  }

  async #open(target: string, found: RecordsPlace): Promise<TargetDirectory> {
    const log = await this.#logOf(target, found)
    const isReadOnly = this.request.dryRun
    const states = await this.list(target)
    const directory = this.#held.get(target) ?? Directory.named(target)
    if (!isReadOnly) removeDeadFiles(directory, () => states.names)
    return { directory, states, log }
  }

  /** Opens the records of a root once. */
  async #logOf(target: string, found: RecordsPlace): Promise<TorrentLog> {
    if (found.root === this.tree?.records.root) return this.tree.records.in(found.place)
    // The system looks at files while the records are read
    const onLocked = () => void this.list(target)
    const { request, context } = this
    const opening =
      this.#records.get(found.root) ?? openRecords(target, request, context, { found, onLocked })
    this.#records.set(found.root, later(opening))
    const { records } = await opening
    return records.in(placeIn(records.root, target))
  }
}

/** Returns work whose error is handled when somebody awaits it. */
function later<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}
