import { basename, join, resolve } from 'node:path'
import { BtkitError, usageError } from '../../../base/errors.js'
import { shownUrl } from '../../../base/text/secrets.js'
import { realPath } from '../../../disk/look/inside.js'
import { compareBytes } from '../../../disk/look/read-names.js'
import { loadNameFilter } from '../../../disk/scan/entry.js'
import type { NameFilter } from '../../../disk/scan/glob.js'
import { placeBelow, type RecordsPlace } from '../../../disk/state/roots.js'
import type { TorrentRecords } from '../../../disk/state/torrent-log.js'
import { Directory, NeighboursBelow, OPEN_TO_ALL } from '../../../disk/write/directory.js'
import { isSecret } from '../../remote/remote-content.js'
import { RemoteDirectory } from '../../remote/remote-directory.js'
import type { RemoteAccess } from '../../remote/remote-file.js'
import { noteOnce, type CompleteReport } from '../report.js'
import type {
  CompleteContext,
  CompleteRequest,
  CompleteWatch,
  SharedRun,
  SourcePlace,
} from '../request.js'
import { RemotePlace, type ListRules } from '../target/remote-place.js'
import { closeRecords, openRecords, TargetDirectories } from '../target/targets.js'
import { completeTogether, reportRun } from './run.js'

// Without this file the files of a release would need a script that downloads them.

/** Number of directories that are completed together. Some files of each stay open. */
const TOGETHER = 128

/** The request for a run over lists of files on servers. */
export interface ListRequest extends CompleteRequest {
  /** The addresses of the lists; `directories` has them without secrets. */
  readonly lists: readonly string[]
  readonly target: string
  readonly access: RemoteAccess
  /** The name of the one torrent of all files of a list; null for one of each file. */
  readonly together: string | null
  /** Returns the web seeds of a directory of a list; null if each file is its own. */
  readonly seedsIn: ListRules['seedsIn']
}

/** A directory of a list; without names it is gone from the list. */
interface ListPlace {
  readonly list: RemoteDirectory
  /** Below the list, and below the target. */
  readonly place: string
  readonly names: readonly string[]
}

/**
 * Updates a torrent for each file that lists at URLs name, or one for all files of a list. The
 * directories of a list are made below the target. A list that cannot be read is reported, and its
 * torrents stay.
 * @throws BtkitError as completeDirectories
 */
export function completeLists(
  request: ListRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  return reportRun(request, context, async (shared) => {
    const filter = await loadNameFilter(request.common.scan)
    const run = new ListRun(request, context, { ...shared, watch }, filter)
    await run.completeAll()
  })
}

class ListRun {
  constructor(
    private readonly request: ListRequest,
    private readonly context: CompleteContext,
    private readonly shared: SharedRun,
    private readonly filter: NameFilter | undefined,
  ) {}

  async completeAll(): Promise<void> {
    const { request, shared } = this
    const lists: RemoteDirectory[] = []
    const places: ListPlace[] = []
    for (const url of request.lists) {
      const list = await this.#open(url)
      if (list === null) continue
      lists.push(list)
      places.push(...this.#placesOf(list))
    }
    if (lists.length === 0) return
    const { target } = request
    const hasFiles = places.some(({ names }) => names.length > 0)
    if (!request.dryRun && hasFiles) Directory.below(target, [], OPEN_TO_ALL).close()
    const opened = await openRecords(realPath(target) ?? resolve(target), request, this.context)
    try {
      await this.#completeAll(lists, places, opened)
    } finally {
      await closeRecords(opened, target, shared.report)
    }
    if (!request.dryRun) for (const list of lists) list.note()
  }

  /** Completes the directories of lists while their records are locked. */
  async #completeAll(
    lists: readonly RemoteDirectory[],
    places: readonly ListPlace[],
    { records, place: base }: RecordsPlace & { readonly records: TorrentRecords },
  ): Promise<void> {
    const { request, shared, context } = this
    const { signal } = context.engine
    if (places.some(({ place }) => place !== '')) await records.beginTree()
    for (const { place } of places)
      await records.takeIn(placeBelow(base, place), { waitSeconds: request.waitSeconds, signal })
    await records.settle()
    const all = [...places, ...this.#gonePlaces(lists, places, records, base)]
    const isSeen = shared.watch.isSeen && all.length <= TOGETHER
    const run = { ...shared, watch: { ...shared.watch, isSeen } }
    for (let at = 0; at < all.length && !shared.report.isInterrupted; at += TOGETHER)
      await this.#complete(all.slice(at, at + TOGETHER), records, run)
  }

  /** Opens a list; null if that fails, which is reported. */
  async #open(url: string): Promise<RemoteDirectory | null> {
    const { access, prune, seedsIn, together, dryRun } = this.request
    const { cacheAccess, state } = this.context
    const cache = dryRun ? null : cacheAccess.cache
    const source = { access, cache, stateDirectory: state.directory }
    try {
      const list = await RemoteDirectory.open(url, source)
      const place = new RemotePlace(this.#rulesOf(list), '', [])
      if (together !== null) place.seedsOf(together)
      else if (seedsIn === null) refuseSecrets(list)
      return list
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'usage') throw error
      if (error.code === 'interrupted') this.shared.report.isInterrupted = true
      else if (prune === 'always' && error.code === 'not-found')
        return RemoteDirectory.gone(url, source)
      else noteOnce(this.shared.report, shownUrl(url), error)
      this.request.feed?.leave()
      return null
    }
  }

  /** The directories of a list. The target itself is locked in any case. */
  #placesOf(list: RemoteDirectory): ListPlace[] {
    const { together } = this.request
    if (together !== null)
      return [{ list, place: '', names: list.paths.length > 0 ? [together] : [] }]
    const names = new Map<string, string[]>([['', []]])
    for (const path of list.paths) {
      const place = directoryOf(path)
      const own = names.get(place)
      if (own) own.push(basename(path))
      else names.set(place, [basename(path)])
    }
    return sorted(Array.from(names, ([place, own]) => ({ list, place, names: own })))
  }

  /** The directories below the target with torrents of btkit that are in no list any more. */
  #gonePlaces(
    lists: readonly RemoteDirectory[],
    present: readonly ListPlace[],
    records: TorrentRecords,
    base: string,
  ): ListPlace[] {
    if (this.request.prune === 'never' && !this.shared.watch.orphans) return []
    const gone = new Set<string>()
    const prefix = base === '' ? '' : `${base}/`
    for (const [key] of records.journal().entries())
      if (key.startsWith(prefix)) gone.add(directoryOf(key.slice(prefix.length)))
    for (const { place } of present) gone.delete(place)
    return sorted([...gone].flatMap((place) => lists.map((list) => ({ list, place, names: [] }))))
  }

  async #complete(
    group: readonly ListPlace[],
    records: TorrentRecords,
    run: SharedRun,
  ): Promise<void> {
    const { request, context } = this
    const neighbours = new NeighboursBelow(request.target)
    const opened = new Map<string, Directory>()
    const places = group.flatMap((each) => this.#prepare(each, neighbours, opened) ?? [])
    neighbours.close()
    const targets = new TargetDirectories(request, places, context, {
      targets: opened,
      records,
      lists: new Map(),
    })
    await completeTogether(targets, run)
  }

  #rulesOf(list: RemoteDirectory): ListRules {
    const { together, checksums, seedsIn } = this.request
    return { list, together, filter: this.filter, checksums, seedsIn }
  }

  /** Opens the directory for the torrents of a place, which is made if it has files. */
  #prepare(
    { list, place, names }: ListPlace,
    neighbours: NeighboursBelow,
    opened: Map<string, Directory>,
  ): SourcePlace | null {
    const { target, dryRun } = this.request
    const remote = new RemotePlace(this.#rulesOf(list), place, names)
    const described = { directory: remote.prefix, target: join(target, place), remote }
    if (place === '') return described
    try {
      const mode = names.length > 0 && !dryRun ? OPEN_TO_ALL : null
      opened.set(described.target, neighbours.open(place.split('/'), mode))
      return described
    } catch (error) {
      if (dryRun) return described
      noteOnce(this.shared.report, described.target, error)
      return null
    }
  }
}

/**
 * @throws BtkitError `usage` if the address of a file may be a secret, and would be its web seed
 */
function refuseSecrets(list: RemoteDirectory): void {
  const secret = list.paths.map((path) => list.addressOf(path)).find(isSecret)
  if (secret === undefined) return
  const why = 'a query or a password may be a secret, and would be in the torrent'
  const advice = 'name the public address of the directory with --web-seed-base'
  throw usageError(`${shownUrl(secret)}: ${why}; ${advice}`)
}

/** The directory of a path below a root; empty for the root. */
function directoryOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}

/** Sorts directories by the bytes of their paths. */
function sorted(places: readonly ListPlace[]): ListPlace[] {
  return [...places].sort((a, b) => compareBytes(a.place, b.place))
}
