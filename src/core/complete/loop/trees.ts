import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { asBtkitError, BtkitError } from '../../../base/errors.js'
import { childPath, realPath } from '../../../disk/look/inside.js'
import type { FileListing } from '../../../disk/look/stat-files.js'
import { loadNameFilter } from '../../../disk/scan/entry.js'
import { Directory, NeighboursBelow, OPEN_TO_ALL } from '../../../disk/write/directory.js'
import { noteOnce, type CompleteReport } from '../report.js'
import type { CompleteContext, CompleteRequest, CompleteWatch, SourcePlace } from '../request.js'
import { closeRecords, openRecords, TargetDirectories } from '../target/targets.js'
import { completeTogether, reportRun } from './run.js'
import { findGone } from './gone-places.js'
import {
  pathsOfPlace,
  TreeFinder,
  type TreePlace,
  type TreeRecords,
  type TreeWork,
} from './tree-finder.js'
import { TreeChoice } from './tree-listings.js'

// Without this file each directory of a tree would need a run, and gone ones would keep torrents.

/** Number of directories that are completed together. Some files of each stay open. */
const TOGETHER = 128

/** The request for a run over trees. */
export interface TreeRequest extends CompleteRequest {
  /**
   * Returns the web seeds of the torrents in a directory, by its path below the root; null if all
   * have the same.
   */
  readonly seedsIn: ((path: readonly string[]) => readonly string[]) | null
}

/**
 * Updates a torrent for each file of directory trees. The same tree of directories is created below
 * the target. The records of the target are locked during all the work on it.
 * @throws BtkitError as completeDirectories
 */
export function completeTrees(
  request: TreeRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  return reportRun(request, context, async (shared) => {
    const choice = new TreeChoice(await loadNameFilter(request.common.scan))
    const { seedsIn: given, common } = request
    const seedsIn = (place: string) =>
      given ? given(place === '' ? [] : place.split('/')) : common.parts.webSeeds
    const run = new TreeRun({ ...shared, request, context, choice, seedsIn, watch })
    await run.completeAll()
  })
}

/** The records of trees while they are completed. */
interface OpenTrees extends TreeRecords {
  readonly release: () => void
}

class TreeRun {
  readonly #request: CompleteRequest
  readonly #report: CompleteReport
  /** Whether torrents without a source are counted, if they are not removed. */
  readonly #isCounted: boolean

  constructor(private readonly work: TreeWork) {
    this.#request = work.request
    this.#report = work.report
    this.#isCounted = work.request.prune !== 'never' || work.watch.orphans !== undefined
  }

  async completeAll(): Promise<void> {
    const { target, directories } = this.#request
    if (target !== null) await this.#complete(directories, target, true)
    else for (const root of directories) await this.#complete([root], root, root === directories[0])
  }

  /** Completes trees whose torrents have one target, while that is locked. */
  async #complete(roots: readonly string[], target: string, isFirst: boolean): Promise<void> {
    const isPruned = this.#request.prune !== 'never'
    const opened = await this.#open(target, isFirst)
    if (opened === null) return
    try {
      const { trees, gone } = await this.#find(roots, opened)
      for (const { due } of trees) {
        const own = due.filter((each) => hasFiles(each) || isPruned)
        await this.#completePlaces(own, {}, opened)
        if (this.#isCounted && !isPruned) {
          const others = due.filter((each) => !hasFiles(each))
          await this.#completePlaces(others, { dryRun: true }, opened)
        }
      }
      await this.#completePlaces(gone, isPruned ? { prune: 'always' } : { dryRun: true }, opened)
    } catch (error) {
      this.#noteEnd(target, error)
    } finally {
      await closeRecords(opened, target, this.#report)
    }
  }

  /** Notes why the work on a target ended, except wrong usage and what nobody expects. */
  #noteEnd(target: string, error: unknown): void {
    if (!(error instanceof BtkitError) || error.code === 'usage') throw error
    if (this.work.context.engine.signal.aborted) this.#report.isInterrupted = true
    else noteOnce(this.#report, target, error)
  }

  /** Finds what is to be done in trees. */
  async #find(roots: readonly string[], opened: OpenTrees) {
    const request = this.#request
    const finder = new TreeFinder(this.work)
    const trees = await finder.find(roots, opened)
    await opened.records.settle()
    const isFound = this.#isCounted && request.target !== null
    const gone = isFound ? findGone(request, this.#report, finder.targets, trees) : []
    return { trees, gone }
  }

  /**
   * Opens the records of a target. Null if that is impossible, or if another run holds the lock of
   * one that is not the first; that is reported.
   */
  async #open(target: string, isFirst: boolean): Promise<OpenTrees | null> {
    const { dryRun, directories } = this.#request
    const { context } = this.work
    try {
      if (!dryRun && this.#request.target !== null && directories.some((each) => existsSync(each)))
        Directory.below(target, [], OPEN_TO_ALL).close()
      const path = realPath(target) ?? resolve(target)
      const opened = await openRecords(path, this.#request, context)
      try {
        await opened.records.beginTree()
        return opened
      } catch (error) {
        await closeRecords(opened, target, this.#report)
        throw error
      }
    } catch (error) {
      if (isFirst && error instanceof BtkitError && error.code === 'locked') throw error
      this.#noteEnd(target, error)
      return null
    }
  }

  /** Completes directories, some at a time. */
  async #completePlaces(
    all: readonly TreePlace[],
    changes: Partial<CompleteRequest>,
    { records }: OpenTrees,
  ): Promise<void> {
    const { context, report, watch } = this.work
    const { common } = this.#request
    const scan = { ...common.scan, include: [], exclude: [] }
    const request = { ...this.#request, common: { ...common, scan }, ...changes }
    const run = { ...this.work, watch: { ...watch, isSeen: false } }
    for (let from = 0; from < all.length && !report.isInterrupted; from += TOGETHER) {
      const group = all.slice(from, from + TOGETHER)
      const { places, targets: opened, lists } = this.#prepareAll(group, request)
      try {
        const tree = { targets: opened, records, lists }
        const targets = new TargetDirectories(request, places, context, tree)
        if (places.length > 0) await completeTogether(targets, run)
      } catch (error) {
        const [{ directory } = { directory: '' }] = places
        if (context.engine.signal.aborted) report.isInterrupted = true
        else noteOnce(report, directory, asBtkitError(error, directory))
      }
    }
  }

  /** Opens the directories for the torrents of places below one root. */
  #prepareAll(group: readonly TreePlace[], request: CompleteRequest) {
    const [{ root } = { root: '' }] = group
    const neighbours = new NeighboursBelow(request.target ?? root)
    const places: SourcePlace[] = []
    const targets = new Map<string, Directory>()
    const lists = new Map<string, FileListing>()
    try {
      for (const each of group) {
        const place = this.#describe(each)
        const directory = this.#openTarget(each, place, neighbours, request)
        if (directory === 'none') continue
        const { listing, targetListing } = each
        if (directory) targets.set(place.target, directory)
        if (directory && targetListing) lists.set(directory.path, targetListing)
        const { realDirectory = null } = place.branch ?? {}
        if (realDirectory !== null && listing) lists.set(realDirectory, listing)
        places.push(place)
      }
    } finally {
      neighbours.close()
    }
    return { places, targets, lists }
  }

  /**
   * Opens the directory for the torrents of a place, which is made if it has files. Null if a dry
   * run does not find it; `none` if there is nothing to do in the place, or that is impossible.
   */
  #openTarget(
    found: TreePlace,
    { directory }: SourcePlace,
    neighbours: NeighboursBelow,
    { dryRun }: CompleteRequest,
  ): Directory | 'none' | null {
    const names = found.place === '' ? [] : found.place.split('/')
    const mode = hasFiles(found) && !dryRun ? OPEN_TO_ALL : null
    try {
      return neighbours.open(names, mode)
    } catch (error) {
      const isMissing = error instanceof BtkitError && error.code === 'not-found'
      if (isMissing && mode === null) return hasFiles(found) ? null : 'none'
      noteOnce(this.#report, directory, error)
      return 'none'
    }
  }

  /** Patterns are applied to paths below the root, so they no longer count. */
  #describe({ root, realRoot = null, place, names }: TreePlace): SourcePlace {
    const isRoot = realRoot === null || place === ''
    const realDirectory = isRoot ? realRoot : childPath(realRoot, place)
    const branch = { names, webSeeds: this.work.seedsIn(place), realDirectory }
    return { ...pathsOfPlace(this.#request, root, place), branch }
  }
}

/** Whether there are files that get torrents. */
function hasFiles({ names }: TreePlace): boolean {
  return names !== null && names.length > 0
}
