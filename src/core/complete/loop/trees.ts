import { join } from 'node:path'
import { asBtkitError, BtkitError, callSystem } from '../../../base/errors.js'
import { childPath, realPath } from '../../../disk/look/inside.js'
import type { FileListing } from '../../../disk/look/stat-files.js'
import { loadNameFilter } from '../../../disk/scan/entry.js'
import { lockTorrents, requireOwnLogs } from '../../../disk/state/torrent-log.js'
import { NeighboursBelow, OPEN_TO_ALL, type Directory } from '../../../disk/write/directory.js'
import { noteOnce, type CompleteReport } from '../report.js'
import type { CompleteContext, CompleteRequest, CompleteWatch, SourcePlace } from '../request.js'
import { TargetDirectories } from '../target/targets.js'
import { completeTogether, reportRun } from './run.js'
import { TreeFinder, type SourceTree, type TreePlace, type TreeWork } from './tree-finder.js'
import { below, kindOf, TreeChoice } from './tree-listings.js'

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
 * the target. The target of a tree is locked during all the work on it, and those of its
 * directories while they are completed.
 * @throws BtkitError as completeDirectories
 */
export function completeTrees(
  request: TreeRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  return reportRun(request, context, async (shared) => {
    const filter = await loadNameFilter(request.common.scan)
    const choice = new TreeChoice(request.common.scan, filter)
    const run = new TreeRun({ ...shared, request, context, choice, watch }, request)
    await run.completeAll()
  })
}

class TreeRun {
  readonly #report: CompleteReport
  readonly #finder: TreeFinder
  /** Whether torrents without a source are counted, if they are not removed. */
  readonly #isCounted: boolean

  constructor(
    private readonly work: TreeWork,
    private readonly request: TreeRequest,
  ) {
    this.#report = work.report
    this.#finder = new TreeFinder(work)
    this.#isCounted = request.prune !== 'never' || work.watch.orphans !== undefined
  }

  async completeAll(): Promise<void> {
    const { dryRun, prune } = this.request
    const trees = await this.#finder.listAll()
    const gone = this.#isCounted ? this.#finder.findGone(trees) : []
    for (const tree of trees) await this.#completeTree(tree, tree === trees[0])
    await this.#completePlaces(gone, prune === 'never' ? { dryRun: true } : { prune: 'always' })
    if (!dryRun && !this.#report.isInterrupted) this.#finder.write()
  }

  /** Completes a tree while its target is locked. */
  async #completeTree({ root, realRoot, due }: SourceTree, isFirst: boolean): Promise<void> {
    const { target, prune } = this.request
    const isPruned = prune !== 'never'
    const lock = await this.#lock(target ?? root, isFirst)
    if (lock === 'held') return
    try {
      const places = due.map((each) => ({ ...each, root, realRoot }))
      const own = places.filter(({ hasFiles }) => hasFiles || isPruned)
      const others = places.filter(({ hasFiles }) => !hasFiles)
      await this.#completePlaces(own, {}, lock?.path)
      if (this.#isCounted && !isPruned) await this.#completePlaces(others, { dryRun: true })
    } finally {
      lock?.release()
    }
  }

  /**
   * Locks the target of a tree. Null if that is not needed, or if it is impossible, which is
   * reported when it is completed. Notes that another run holds the lock of a tree that is not the
   * first.
   */
  async #lock(target: string, isFirst: boolean) {
    const { dryRun, waitSeconds } = this.request
    const { engine, state } = this.work.context
    const { signal } = engine
    try {
      const path = dryRun ? null : realPath(target)
      if (path === null) return null
      callSystem(state.directory, () => {
        requireOwnLogs(state.directory)
      })
      const { release } = await lockTorrents(state.directory, path, { waitSeconds, signal })
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
    locked: string | null = null,
  ): Promise<void> {
    const { context, report, watch } = this.work
    const { common } = this.request
    const scan = { ...common.scan, include: [], exclude: [] }
    const request = { ...this.request, common: { ...common, scan }, ...changes }
    const run = { ...this.work, watch: { ...watch, isSeen: false } }
    for (let from = 0; from < all.length && !report.isInterrupted; from += TOGETHER) {
      const group = all.slice(from, from + TOGETHER)
      const { places, targets: opened } = this.#prepareAll(group, request)
      try {
        const tree = { targets: opened, locked }
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
    try {
      for (const each of group) {
        const place = this.#describe(each)
        const directory = this.#openTarget(each, place, neighbours, request)
        if (directory === 'none') continue
        if (directory) targets.set(place.target, directory)
        places.push(place)
      }
    } finally {
      neighbours.close()
    }
    return { places, targets }
  }

  /**
   * Opens the directory for the torrents of a place, which is made if it has files. Null if a dry
   * run does not find it; `none` if there is nothing to do in the place, or that is impossible.
   */
  #openTarget(
    { place, hasFiles }: TreePlace,
    { directory }: SourcePlace,
    neighbours: NeighboursBelow,
    { dryRun }: CompleteRequest,
  ): Directory | 'none' | null {
    const names = place === '' ? [] : place.split('/')
    const mode = hasFiles && !dryRun ? OPEN_TO_ALL : null
    try {
      return neighbours.open(names, mode)
    } catch (error) {
      const isMissing = error instanceof BtkitError && error.code === 'not-found'
      if (isMissing && mode === null) return hasFiles ? null : 'none'
      noteOnce(this.#report, directory, error)
      return 'none'
    }
  }

  /** Patterns are applied to paths below the root, so they no longer count. */
  #describe({ root, realRoot, place, hasFiles, key = null }: TreePlace): SourcePlace {
    const { common, seedsIn } = this.request
    const paths = this.#finder.placeOf(root, place)
    const chooses = (name: string, number: number, { table }: FileListing) => {
      const kind = kindOf(() => join(paths.directory, name), table, number)
      return kind === 'file' && this.work.choice.has(kind, below(place, name), name)
    }
    const components = place === '' ? [] : place.split('/')
    const webSeeds = seedsIn ? seedsIn(components) : common.parts.webSeeds
    const onUnchanged = (...unchanged: readonly [number, number]) => {
      this.#finder.keep(key, unchanged)
    }
    const rules = { chooses: hasFiles === null ? null : chooses, webSeeds, onUnchanged }
    const realDirectory = realRoot && place !== '' ? childPath(realRoot, place) : realRoot
    const branch = { ...rules, realDirectory: realDirectory ?? null }
    return { ...paths, branch }
  }
}
