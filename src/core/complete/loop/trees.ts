import { existsSync, lstatSync, mkdirSync, statSync, type Dirent } from 'node:fs'
import { join, resolve } from 'node:path'
import { asBtkitError, BtkitError, tryOr } from '../../../base/errors.js'
import type { NameFilter } from '../../../disk/scan/glob.js'
import { realPath } from '../../../disk/look/inside.js'
import { loadNameFilter, skipReasonOf } from '../../../disk/scan/entry.js'
import { compareBytes, readEntries, readNames } from '../../../disk/look/read-names.js'
import { walk } from '../../../disk/scan/walk.js'
import { completeTogether, reportRun } from './run.js'
import { isGone } from '../tidy/prune.js'
import { createReport, noteOnce, type CompleteReport, type TorrentPaths } from '../report.js'
import { claimTorrent, entryName, isUnmounted, noDisk, torrentName } from '../target/directories.js'
import type { CompleteContext, CompleteRequest, CompleteWatch } from '../request.js'

// Without this file each directory of a tree would need a run, and gone ones would keep torrents.

/** A directory of a tree. */
interface Branch {
  /** Its path below the root. */
  readonly path: readonly string[]
  readonly directory: string
  /** The directory of its torrents. */
  readonly torrents: string
  /** The names of the files in it that get torrents; null if it no longer exists. */
  readonly files: readonly string[] | null
}

/** The request for a run over trees. */
export interface TreeRequest extends CompleteRequest {
  /** Returns the web seeds of the torrents in a directory, by its path below the root. */
  readonly seedsIn: (path: readonly string[]) => readonly string[]
}

/**
 * Updates a torrent for each file of directory trees. The same tree of directories is created below
 * the target. Each directory is a run of its own, so that locks and records are few at a time.
 * @throws BtkitError as completeDirectories
 */
export function completeTrees(
  request: TreeRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  const unseen = { ...watch, isSeen: false }
  return reportRun(request, context, async (report) => {
    const filter = await loadNameFilter(request.common.scan)
    let branches: readonly Branch[] = []
    // Torrents elsewhere outlive their tree
    const mayBeGone = request.prune === 'always' && request.target !== null
    for (const root of request.directories.filter((each) => !mayBeGone || existsSync(each)))
      branches = branches.concat(await branchesOf(root, request, filter, report))
    const claimed = new Map<string, string>()
    for (const { directory, torrents, files } of request.target === null ? [] : branches) {
      for (const name of files ?? []) claimTorrent(claimed, pathsIn(directory, torrents, name))
    }
    // Without pruning they are only counted
    const isCounted = request.prune !== 'never' || watch.orphans !== undefined
    if (isCounted) branches = branches.concat(await findGone(request, report))
    for (const branch of branches) {
      if (report.isInterrupted) break
      const { directory, torrents, files } = branch
      try {
        const isMissing = realPath(torrents) === null
        if (!files?.length && (isMissing || !isCounted)) continue
        if (isMissing && !request.dryRun) mkdirSync(torrents, { recursive: true })
        await completeTogether(requestFor(branch, request), context, { report, watch: unseen })
      } catch (error) {
        const isLocked = error instanceof BtkitError && error.code === 'locked'
        if (isLocked && branch === branches[0]) throw error
        if (context.engine.signal.aborted) report.isInterrupted = true
        else noteOnce(report, directory, asBtkitError(error, directory))
      }
    }
  })
}

/** The request for one directory. Patterns were applied to the paths, so they no longer count. */
function requestFor(branch: Branch, request: TreeRequest): CompleteRequest {
  const { path, directory, torrents, files } = branch
  const { common, target, prune, seedsIn } = request
  const isPruned = prune !== 'never'
  const parts = { ...common.parts, webSeeds: seedsIn(path) }
  return {
    ...request,
    directories: [directory],
    target: target && torrents,
    entries: files,
    common: { ...common, parts, scan: { ...common.scan, include: [], exclude: [] } },
    prune: files === null && isPruned ? 'always' : prune,
    dryRun: request.dryRun || (!files?.length && !isPruned),
  }
}

/** Lists the directories of a tree, and the files in them that patterns choose. */
async function branchesOf(
  root: string,
  { target, common }: CompleteRequest,
  filter: NameFilter | undefined,
  report: CompleteReport,
): Promise<Branch[]> {
  const realTarget = target === null ? null : realPath(target)
  const enters = (place: string, { name }: Dirent) => {
    const isLeft = [place, `${place}/`].some((each) => filter?.excludes(each))
    if (isLeft || skipReasonOf(name, common.scan) !== undefined) return false
    // The target may be in the tree
    return realTarget === null || realPath(join(root, place)) !== realTarget
  }
  const found = await listTree(root, enters, report)
  return found.map(({ path, entries }) => {
    const directory = join(root, ...path)
    const torrents = target === null ? directory : join(target, ...path)
    const files: string[] = []
    for (const entry of entries) {
      const { name } = entry
      const place = [...path, name].join('/')
      const why = skipReasonOf(name, common.scan)
      const isLeaf = why === undefined && isFile(entry, directory)
      const isLink = why === undefined && !isLeaf && entry.isSymbolicLink()
      // Nobody asked to leave these out
      if (why === 'hidden' || isLink)
        report.skipped.push({ ...pathsIn(directory, torrents, name), reason: why ?? 'link' })
      if (isLeaf && !filter?.excludes(place) && (filter?.includes(place) ?? true)) files.push(name)
    }
    return { path, directory, torrents, files }
  })
}

function pathsIn(directory: string, target: string, name: string): TorrentPaths {
  const [source, torrent] = [join(directory, name), join(target, torrentName(name))]
  return { source, sourcePath: resolve(source), torrent, torrentPath: resolve(torrent) }
}

/** Lists a tree in the order of its paths. Links to directories are not followed. */
async function listTree(
  root: string,
  enters: (place: string, entry: Dirent) => boolean,
  report: CompleteReport,
) {
  const found: { readonly path: readonly string[]; readonly entries: readonly Dirent[] }[] = []
  const read = async function* (path: readonly string[]) {
    yield await readEntries(join(root, ...path))
  }
  const onError = (error: unknown, path: readonly string[]) => {
    const directory = join(root, ...path)
    noteOnce(report, directory, asBtkitError(error, directory))
  }
  const start: readonly string[] = []
  for await (const { directory, entries, enter } of walk(start, { read, onError })) {
    found.push({ path: directory, entries })
    for (const entry of entries) {
      const below = [...directory, entry.name]
      if (entry.isDirectory() && enters(below.join('/'), entry)) enter(below)
    }
  }
  return found.sort((a, b) => compareBytes(a.path.join('/'), b.path.join('/')))
}

/** Whether an entry is no directory, and no link to one. */
function isFile(entry: Dirent, directory: string): boolean {
  if (!entry.isSymbolicLink()) return !entry.isDirectory()
  return !statSync(join(directory, entry.name), { throwIfNoEntry: false })?.isDirectory()
}

/** Finds the directories below the target whose sources are gone, or something else now. */
async function findGone(request: CompleteRequest, report: CompleteReport): Promise<Branch[]> {
  const { target, prune, directories } = request
  if (target === null) return []
  const told = prune === 'never' ? createReport() : report
  const below = await listTree(target, () => true, told)
  const gone: Branch[] = []
  // A root that is missing may be a disk that is not mounted; its own run reports it
  for (const root of directories.filter((each) => prune === 'always' || existsSync(each))) {
    for (const { path, entries } of below) {
      const places = path.map((_, i) => join(root, ...path.slice(0, i + 1)))
      if (existsSync(root) && places.every(isDirectory)) continue
      // The last one that is there, as a directory or as a link that may lead to one
      const isHome = (at: string) => !isGone(at) && !tryOr(false, () => statSync(at).isFile())
      const home = places.findLast(isHome) ?? join(root)
      const names = tryOr([], () => readNames(home))
      const [directory, torrents] = [join(root, ...path), join(target, ...path)]
      if (prune === 'always' || !isUnmounted({ names }))
        gone.push({ path, directory, torrents, files: null })
      else if (entries.some(({ name }) => entryName(name) !== null))
        noteOnce(told, home, noDisk(home))
    }
  }
  return gone
}

/** Whether a path is a directory and no link to one, or may be one where nobody may look. */
function isDirectory(path: string): boolean {
  return tryOr(true, () => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}
