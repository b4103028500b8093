import { existsSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { asBtkitError, BtkitError, tryOr, valueOr } from '../../../base/errors.js'
import { childPath, isWithin, realPath } from '../../../disk/look/inside.js'
import { lockDirectory } from '../../../disk/write/locks.js'
import { isOrdinary, loadNameFilter, skipReasonOf } from '../../../disk/scan/entry.js'
import { readNames } from '../../../disk/look/read-names.js'
import type { FileListing } from '../../../disk/look/stat-files.js'
import { completeTogether, reportRun } from './run.js'
import { keyOf } from '../tidy/changes.js'
import { isGone } from '../tidy/prune.js'
import { digestOptions } from '../decide/unchanged.js'
import { UnchangedDirectories, type SeenDirectory } from './unchanged-trees.js'
import { CHECKSUM_NAMES } from '../../checksums/list.js'
import { textOf } from '../../../base/bytes.js'
import { trace } from '../../../base/text/trace.js'
import { createReport, noteOnce, type CompleteReport, type TorrentPaths } from '../report.js'
import { claimTorrent, isUnmounted, noDisk, torrentName } from '../target/directories.js'
import { TargetDirectories } from '../target/targets.js'
import type {
  CompleteContext,
  CompleteRequest,
  CompleteRun,
  CompleteWatch,
  Place,
} from '../request.js'
import {
  below,
  kindOf,
  listTree,
  sortPlaces,
  TreeChoice,
  type ListedDirectory,
} from './tree-listings.js'

// Without this file each directory of a tree would need a run, and gone ones would keep torrents.

/** Number of directories that are locked and completed together. */
const TOGETHER = 256

/** The request for a run over trees. */
export interface TreeRequest extends CompleteRequest {
  /**
   * Returns the web seeds of the torrents in a directory, by its path below the root; null if all
   * have the same.
   */
  readonly seedsIn: ((path: readonly string[]) => readonly string[]) | null
}

/** A directory of a tree of sources. */
interface TreeDirectory {
  readonly place: string
  /** Whether it has files that get torrents. */
  readonly hasFiles: boolean
  /** By which the next run recognizes it; null if it must be looked at. */
  readonly key: string | null
}

/** A directory of a tree that is to be completed; `hasFiles` is null if it is gone. */
interface TreePlace {
  readonly root: string
  readonly place: string
  readonly hasFiles: boolean | null
  readonly key?: string | null
}

/** A directory of a tree of torrents. */
interface TargetPlace {
  readonly place: string
  readonly hasTorrents: boolean
  /** Whether a file in it may be one that btkit made. */
  readonly mayHaveOwn: boolean
  readonly digest: Uint8Array | null
}

/** A tree of sources. */
interface SourceTree {
  readonly root: string
  /** The paths of all directories. */
  readonly places: ReadonlySet<string>
  /** The directories in which something may be to be done, in the order of their paths. */
  readonly due: readonly TreeDirectory[]
}

/**
 * Updates a torrent for each file of directory trees. The same tree of directories is created below
 * the target. The target of a tree is locked during all the work on it, and those of its
 * directories while they are completed.
 * @throws BtkitError as completeDirectories
 */
export function completeTrees(
  request: TreeRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  return reportRun(request, context, async (report) => {
    const filter = await loadNameFilter(request.common.scan)
    const choice = new TreeChoice(request.common.scan, filter)
    const run = new TreeRun({ request, context, choice, report, watch })
    await run.completeAll()
  })
}

/** What a run over trees works with. */
interface TreeWork extends Pick<CompleteRun, 'report' | 'watch'> {
  readonly request: TreeRequest
  readonly context: CompleteContext
  readonly choice: TreeChoice
}

class TreeRun {
  readonly #request: TreeRequest
  readonly #report: CompleteReport
  readonly #choice: TreeChoice
  /** Whether torrents without a source are counted, if they are not removed. */
  readonly #isCounted: boolean
  /** The sources of torrents that several trees may have; null for one tree. */
  readonly #claimed: Map<string, string> | null
  /** Null if each directory must be looked at in any case. */
  readonly #unchanged: UnchangedDirectories | null
  /** The directories of torrents by their places; null if they are those of the sources. */
  #targets: ReadonlyMap<string, TargetPlace> | null = null

  constructor(private readonly work: TreeWork) {
    const { request, report, choice, watch } = work
    this.#request = request
    this.#report = report
    this.#choice = choice
    this.#isCounted = request.prune !== 'never' || watch.orphans !== undefined
    const isShared = request.target !== null && request.directories.length > 1
    this.#claimed = isShared ? new Map() : null
    const isEachLookedAt = request.force || request.publish.length > 0 || request.feed
    this.#unchanged = isEachLookedAt ? null : openUnchanged(work)
  }

  async completeAll(): Promise<void> {
    const { directories, prune, target } = this.#request
    // Torrents elsewhere outlive their tree
    const mayBeGone = prune === 'always' && target !== null
    const trees: SourceTree[] = []
    if (target !== null) this.#targets = await this.#listTargets(target)
    for (const root of directories.filter((each) => !mayBeGone || existsSync(each)))
      trees.push(await this.#listSources(root))
    const gone = this.#isCounted ? await this.#findGone(trees) : []
    for (const tree of trees) await this.#completeTree(tree, tree === trees[0])
    await this.#completePlaces(gone, prune === 'never' ? { dryRun: true } : { prune: 'always' })
    if (!this.#request.dryRun && !this.#report.isInterrupted) this.#unchanged?.write()
  }

  /** Lists the directories of a tree. Reports names that nobody asked to leave out. */
  async #listSources(root: string): Promise<SourceTree> {
    const { target } = this.#request
    const realTarget = valueOr(null, () => realPath(target ?? root))
    const isTarget = target === null ? () => false : targetIn(root, realTarget)
    const places = new Set<string>()
    const due: TreeDirectory[] = []
    const seen: (SeenDirectory & { readonly place: string })[] = []
    const see = (found: ListedDirectory) => {
      const { place } = found
      const { hasFiles, isPlain, entered } = this.#choose(root, found)
      const seenHere = hasFiles && isPlain ? this.#seenOf(found, realTarget) : null
      places.add(place)
      if (seenHere) seen.push({ ...seenHere, place })
      else if (hasFiles || !this.#hasNothing(found)) due.push({ place, hasFiles, key: null })
      return entered.filter((name) => !isTarget(below(place, name)))
    }
    const onError = (error: unknown, directory: string) => {
      noteOnce(this.#report, directory, asBtkitError(error, directory))
    }
    await listTree(root, { see, onError })
    const keys = await this.#unchanged?.keysOf(seen)
    for (const [i, { place }] of seen.entries()) {
      const key = keys?.[i] ?? null
      if (!this.#recall(key, place)) due.push({ place, hasFiles: true, key })
    }
    return { root, places, due: sortPlaces(due) }
  }

  /** Finds the names in a directory that are chosen: whether there are files, and directories. */
  #choose(root: string, found: ListedDirectory) {
    const { names, table } = found.listing
    const areAllListed = this.#choice.isPlain && this.#claimed === null
    const entered: string[] = []
    let [hasFiles, isPlain] = [false, true]
    for (let i = 0; i < names.length; i++) {
      const isListed = table.isThere(i)
      const isFile = areAllListed && isListed && isOrdinary(names, i)
      const name = isFile ? '' : names.textAt(i)
      const kind = isFile ? 'file' : this.#kindOf(root, found, [name, i])
      if (kind === 'directory') entered.push(name)
      if (kind !== 'file') continue
      hasFiles = true
      // The listing says nothing of the target of a link
      if (!isListed) isPlain = false
    }
    return { hasFiles, isPlain, entered }
  }

  /** Returns what was seen of a directory; null if it must be looked at. */
  #seenOf(
    { place, directory, listing }: ListedDirectory,
    realTarget: string | null,
  ): SeenDirectory | null {
    if (!this.#unchanged || realTarget === null) return null
    const target = place === '' ? realTarget : childPath(realTarget, place)
    if (!this.#targets) return { target, digest: this.#unchanged.digest(listing, directory) }
    const listed = this.#targets.get(place)?.digest
    if (!listed) return null
    return { target, digest: this.#unchanged.digest(listing, directory, listed) }
  }

  /** Returns whether an earlier run found nothing to do in a directory, and counts its entries. */
  #recall(key: string | null, place: string): boolean {
    const known = key === null ? null : this.#unchanged?.recall(key)
    if (!known) return false
    const [entries, bytes] = known
    trace(() => `${place}: unchanged, and so are its torrents`)
    this.#report.unchanged += entries
    this.#report.bytesReused += bytes
    return true
  }

  /** Whether a directory without files has no torrents either. */
  #hasNothing({ place, listing }: ListedDirectory): boolean {
    // A client may have torrents that are gone
    if (this.#unchanged === null) return false
    if (this.#targets === null) return !mayHaveOwn(listing)
    return this.#targets.get(place)?.mayHaveOwn === false
  }

  /** Returns what a name is if it is chosen, else null, and reports what nobody asked to leave out. */
  #kindOf(
    root: string,
    { place, directory, listing }: ListedDirectory,
    [name, number]: readonly [string, number],
  ): 'file' | 'directory' | null {
    const kind = kindOf(() => childPath(directory, name), listing.table, number)
    const why = skipReasonOf(name, this.#request.common.scan)
    const isLink = why === undefined && kind === 'link to a directory'
    if (why === 'hidden' || isLink)
      this.#report.skipped.push({ ...this.#pathsOf(root, place, name), reason: why ?? 'link' })
    if (kind === 'link to a directory' || !this.#choice.has(kind, below(place, name), name))
      return null
    if (kind === 'file' && this.#claimed)
      claimTorrent(this.#claimed, this.#pathsOf(root, place, name))
    return kind
  }

  #pathsOf(root: string, place: string, name: string): TorrentPaths {
    const { directory, target } = this.#placeOf(root, place)
    const [source, torrent] = [join(directory, name), join(target, torrentName(name))]
    return { source, sourcePath: resolve(source), torrent, torrentPath: resolve(torrent) }
  }

  #placeOf(root: string, place: string): Pick<Place, 'directory' | 'target'> {
    const directory = join(root, place)
    const { target } = this.#request
    return { directory, target: target === null ? directory : join(target, place) }
  }

  /** Completes a tree while its target is locked. */
  async #completeTree({ root, due }: SourceTree, isFirst: boolean): Promise<void> {
    const { target, prune } = this.#request
    const isPruned = prune !== 'never'
    const lock = await this.#lock(target ?? root, isFirst)
    if (lock === 'held') return
    try {
      const places = due.map((each) => ({ ...each, root }))
      const own = places.filter(({ hasFiles }) => hasFiles || isPruned)
      const others = places.filter(({ hasFiles }) => !hasFiles)
      await this.#completePlaces(own, {}, lock?.path)
      if (this.#isCounted && !isPruned) await this.#completePlaces(others, { dryRun: true })
    } finally {
      lock?.release()
    }
  }

  /**
   * Locks the target of a tree; null if that is not needed, or impossible, which is reported when it
   * is completed. Notes that another run holds the lock of a tree that is not the first.
   */
  async #lock(target: string, isFirst: boolean) {
    const { dryRun, waitSeconds } = this.#request
    const { signal } = this.work.context.engine
    try {
      const path = dryRun ? null : realPath(target)
      if (path === null) return null
      const { release } = await lockDirectory(path, { waitSeconds, signal })
      return { path, release }
    } catch (error) {
      const code = error instanceof BtkitError ? error.code : null
      if (code === null || (code === 'locked' && isFirst)) throw error
      if (signal.aborted) this.#report.isInterrupted = true
      if (code === 'locked') noteOnce(this.#report, target, error)
      return code === 'locked' || signal.aborted ? 'held' : null
    }
  }

  /** Completes directories, some at a time. `locked` is the target that is locked already. */
  async #completePlaces(
    all: readonly TreePlace[],
    changes: Partial<CompleteRequest>,
    locked?: string,
  ): Promise<void> {
    const { context, report, watch } = this.work
    const { common } = this.#request
    const scan = { ...common.scan, include: [], exclude: [] }
    const request = { ...this.#request, common: { ...common, scan }, ...changes }
    const unseen = { ...watch, isSeen: false }
    for (let from = 0; from < all.length && !report.isInterrupted; from += TOGETHER) {
      const ready = all.slice(from, from + TOGETHER).filter((each) => this.#prepare(each, request))
      const places = ready.map((each) => this.#describe(each))
      try {
        const targets = new TargetDirectories(request, places, context, locked)
        if (places.length > 0) await completeTogether(targets, report, unseen)
      } catch (error) {
        const [{ directory } = { directory: '' }] = places
        if (context.engine.signal.aborted) report.isInterrupted = true
        else noteOnce(report, directory, asBtkitError(error, directory))
      }
    }
  }

  /** Returns whether there is a directory for the torrents of a place, which may be made for them. */
  #prepare({ root, place, hasFiles }: TreePlace, { dryRun }: CompleteRequest): boolean {
    const { directory, target } = this.#placeOf(root, place)
    try {
      const isMissing = realPath(target) === null
      if (isMissing && hasFiles && !dryRun) mkdirSync(target, { recursive: true })
      return !isMissing || hasFiles === true
    } catch (error) {
      noteOnce(this.#report, directory, asBtkitError(error, directory))
      return false
    }
  }

  /** Patterns are applied to paths below the root, so they no longer count. */
  #describe({ root, place, hasFiles, key = null }: TreePlace): Place {
    const { common, seedsIn } = this.#request
    const paths = this.#placeOf(root, place)
    const chooses = (name: string, number: number, { table }: FileListing) => {
      const kind = kindOf(() => join(paths.directory, name), table, number)
      return kind === 'file' && this.#choice.has(kind, below(place, name), name)
    }
    const components = place === '' ? [] : place.split('/')
    const webSeeds = seedsIn ? seedsIn(components) : common.parts.webSeeds
    const onUnchanged = (...unchanged: readonly [number, number]) => {
      if (key !== null) this.#unchanged?.keep(key, unchanged)
    }
    const branch = { chooses: hasFiles === null ? null : chooses, webSeeds, onUnchanged }
    return { ...paths, branch }
  }

  /** Lists the directories below a target. */
  async #listTargets(target: string): Promise<ReadonlyMap<string, TargetPlace>> {
    const found: TargetPlace[] = []
    const see = ({ place, directory, listing }: ListedDirectory) => {
      const { names, table } = listing
      const entered: string[] = []
      for (let i = 0; i < names.length; i++) {
        if (table.isThere(i)) continue
        const name = names.textAt(i)
        if (kindOf(() => childPath(directory, name), table, i) === 'directory') entered.push(name)
      }
      const hasTorrents = names.used.includes('.torrent\0')
      const digest = (hasTorrents && this.#unchanged?.digest(listing, '')) || null
      found.push({ place, hasTorrents, mayHaveOwn: hasTorrents || mayHaveOwn(listing), digest })
      return entered
    }
    const onError = (error: unknown, directory: string) => {
      if (this.#request.prune !== 'never' && existsSync(directory))
        noteOnce(this.#report, directory, asBtkitError(error, directory))
    }
    await listTree(target, { see, onError })
    return new Map(found.map((each) => [each.place, each]))
  }

  /** Finds the directories below the target whose sources are gone, or something else now. */
  async #findGone(trees: readonly SourceTree[]): Promise<TreePlace[]> {
    const { target, prune, directories } = this.#request
    if (target === null) return []
    const told = prune === 'never' ? createReport() : this.#report
    const others = [...(this.#targets?.values() ?? [])].filter(({ place }) => {
      return trees.length < directories.length || trees.some(({ places }) => !places.has(place))
    })
    const found = sortPlaces(others)
    const gone: TreePlace[] = []
    // A root that is missing may be a disk that is not mounted; its own run reports it
    for (const root of directories.filter((each) => prune === 'always' || existsSync(each))) {
      const tree = trees.find((each) => each.root === root)
      for (const { place, hasTorrents } of found.filter((each) => !tree?.places.has(each.place))) {
        const components = place === '' ? [] : place.split('/')
        const places = components.map((_, i) => join(root, ...components.slice(0, i + 1)))
        if (existsSync(root) && places.every(isDirectory)) continue
        // The last one that is there, as a directory or as a link that may lead to one
        const isHome = (at: string) => !isGone(at) && !tryOr(false, () => statSync(at).isFile())
        const home = places.findLast(isHome) ?? join(root)
        const names = tryOr([], () => readNames(home))
        if (prune === 'always' || !isUnmounted({ names }))
          gone.push({ root, place, hasFiles: null })
        else if (hasTorrents) noteOnce(told, home, noDisk(home))
      }
    }
    return gone
  }
}

/** Returns a function that says whether a directory of a tree is that of the torrents. */
function targetIn(root: string, realTarget: string | null): (place: string) => boolean {
  const realRoot = valueOr(null, () => realPath(root))
  if (!realRoot || !realTarget || !isWithin(realTarget, realRoot)) return () => false
  return (place) => childPath(realRoot, place) === realTarget
}

/** The ends of names of files that btkit makes. */
const OWN_ENDS = ['torrent', 'btkit-tmp', ...CHECKSUM_NAMES].map((end) => `.${end}\0`)

/** Whether a file in a directory may be one that btkit made. */
function mayHaveOwn({ names }: ListedDirectory['listing']): boolean {
  const { used } = names
  return OWN_ENDS.some((end) => used.includes(end))
}

/** Opens the note of directories in which the runs with a request found nothing to do. */
function openUnchanged({ request, context }: TreeWork): UnchangedDirectories {
  const { common, checksums, prune } = request
  const { include, exclude, all, isLegacy, links, attributes } = common.scan
  const options = textOf(digestOptions(request), 'base64')
  const names = { include, exclude, all, isLegacy, links, attributes, prune, checksums }
  const places = request.directories.map((each) => resolve(each))
  const base = JSON.stringify([options, names, places, context.cacheAccess.trust])
  const place = { stateDirectory: context.state.directory, key: keyOf(request) }
  return new UnchangedDirectories({ ...place, kind: 'unchanged' }, base)
}

/** Whether a path is a directory and no link to one, or may be one where nobody may look. */
function isDirectory(path: string): boolean {
  return tryOr(true, () => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}
