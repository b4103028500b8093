import { existsSync, lstatSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { textOf } from '../../../base/bytes.js'
import { asBtkitError, tryOr, valueOr } from '../../../base/errors.js'
import { trace } from '../../../base/text/trace.js'
import { childPath, isWithin, realPath } from '../../../disk/look/inside.js'
import { readNames } from '../../../disk/look/read-names.js'
import { isOrdinary, skipReasonOf } from '../../../disk/scan/entry.js'
import { mayHaveUnfinished, unfinishedAmong } from '../../../disk/scan/unfinished.js'
import { TEMPORARY_SUFFIX } from '../../../disk/write/temporary-files.js'
import { CHECKSUM_NAMES } from '../../checksums/list.js'
import type { Skipped } from '../../digests/skipped.js'
import { digestOptions } from '../decide/unchanged.js'
import { createReport, noteOnce, type CompleteReport, type TorrentPaths } from '../report.js'
import type { CompleteContext, CompleteRequest, SharedRun, SourcePlace } from '../request.js'
import { claimTorrent, isUnmounted, noDisk, torrentName } from '../target/directories.js'
import { keyOf } from '../tidy/changes.js'
import { isGone } from '../tidy/prune.js'
import {
  below,
  kindOf,
  listTree,
  sortPlaces,
  type ListedDirectory,
  type TreeChoice,
} from './tree-listings.js'
import { UnchangedDirectories, type SeenDirectory } from './unchanged-trees.js'

/** A directory of a tree of sources. */
interface TreeDirectory {
  readonly place: string
  /** Whether it has files that get torrents. */
  readonly hasFiles: boolean
  /** By which the next run recognizes it; null if it must be looked at. */
  readonly key: string | null
}

/** A directory of a tree that is to be completed; `hasFiles` is null if it is gone. */
export interface TreePlace {
  readonly root: string
  /** The real path of the root, if the directory is there: no link leads from it to the place. */
  readonly realRoot?: string | null
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
export interface SourceTree {
  readonly root: string
  readonly realRoot: string | null
  /** The paths of all directories. */
  readonly places: ReadonlySet<string>
  /** The directories in which something may be to be done, in the order of their paths. */
  readonly due: readonly TreeDirectory[]
}

/** The parts of a run over trees. */
export interface TreeWork extends SharedRun {
  readonly request: CompleteRequest
  readonly context: CompleteContext
  readonly choice: TreeChoice
}

/** Finds the directories of trees in which something may be to be done. */
export class TreeFinder {
  readonly #request: CompleteRequest
  readonly #report: CompleteReport
  readonly #watch: TreeWork['watch']
  readonly #choice: TreeChoice
  /** Files that systems left in the tree that is being listed. */
  #leftovers: Skipped[] = []
  /** The sources of torrents that several trees may have; null for one tree. */
  readonly #claimed: Map<string, string> | null
  /** Null if each directory must be looked at in any case. */
  readonly #unchanged: UnchangedDirectories | null
  /** The directories of torrents by their places; null if they are those of the sources. */
  #targets: ReadonlyMap<string, TargetPlace> | null = null

  constructor(work: TreeWork) {
    const { request, report, watch, choice } = work
    this.#request = request
    this.#watch = watch
    this.#report = report
    this.#choice = choice
    const isShared = request.target !== null && request.directories.length > 1
    this.#claimed = isShared ? new Map() : null
    const isEachLookedAt = request.force || request.publish.length > 0 || request.feed
    this.#unchanged = isEachLookedAt ? null : openUnchanged(work)
  }

  /**
   * Lists all trees of sources, and the tree of torrents. Counts the entries of directories in
   * which nothing is to be done.
   * @throws BtkitError `usage` if two files would be written to the same torrent
   */
  async listAll(): Promise<SourceTree[]> {
    const { directories, prune, target } = this.#request
    // Torrents elsewhere outlive their tree
    const mayBeGone = prune === 'always' && target !== null
    const trees: SourceTree[] = []
    if (target !== null) this.#targets = await this.#listTargets(target)
    for (const root of directories.filter((each) => !mayBeGone || existsSync(each)))
      trees.push(await this.#listSources(root))
    return trees
  }

  /** Notes that there was nothing to do in the directory with a key. */
  keep(key: string | null, unchanged: readonly [entries: number, bytes: number]): void {
    if (key !== null) this.#unchanged?.keep(key, unchanged)
  }

  /** Writes the note for the next run. */
  write(): void {
    this.#unchanged?.write()
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

  /** Lists the directories of a tree. Reports names that nobody asked to leave out. */
  async #listSources(root: string): Promise<SourceTree> {
    const { target } = this.#request
    const realTarget = valueOr(null, () => realPath(target ?? root))
    const realRoot = target === null ? realTarget : valueOr(null, () => realPath(root))
    const isTarget = target === null ? () => false : targetIn(realRoot, realTarget)
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
    this.#leftovers = []
    await listTree(root, { see, onError })
    if (this.#leftovers.length > 0) this.#watch.leftovers?.(root, this.#leftovers)
    const keys = await this.#unchanged?.keysOf(seen)
    for (const [i, { place }] of seen.entries()) {
      const key = keys?.[i] ?? null
      if (!this.#recall(key, place)) due.push({ place, hasFiles: true, key })
    }
    return { root, realRoot, places, due: sortPlaces(due) }
  }

  /** Finds the names in a directory that are chosen: whether there are files, and directories. */
  #choose(root: string, found: ListedDirectory) {
    const { names, table } = found.listing
    const isUnfinished = this.#unfinishedIn(found)
    const areAllListed = this.#choice.isPlain && this.#claimed === null && isUnfinished === null
    const entered: string[] = []
    let [hasFiles, isPlain] = [false, true]
    for (let i = 0; i < names.length; i++) {
      const isListed = table.isThere(i)
      const isFile = areAllListed && isListed && isOrdinary(names, i)
      const name = isFile ? '' : names.textAt(i)
      const kind = isFile ? 'file' : this.#kindOf(root, found, [name, i])
      if (kind !== null && isUnfinished?.(name)) {
        const paths = this.#pathsOf(root, found.place, name)
        this.#report.skipped.push({ ...paths, reason: 'unfinished' })
        continue
      }
      if (kind === 'directory') entered.push(name)
      if (kind !== 'file') continue
      hasFiles = true
      // The listing says nothing of the target of a link
      if (!isListed) isPlain = false
    }
    return { hasFiles, isPlain, entered }
  }

  /** Returns a function that finds unfinished downloads in a directory; null if it has none. */
  #unfinishedIn({ listing: { names } }: ListedDirectory): ((name: string) => boolean) | null {
    if (this.#request.common.scan.all || !mayHaveUnfinished(names)) return null
    return unfinishedAmong(Array.from({ length: names.length }, (_, i) => names.textAt(i)))
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

  /** Returns what a chosen name is, else null. Reports names that nobody asked to leave out. */
  #kindOf(
    root: string,
    { place, directory, listing }: ListedDirectory,
    [name, number]: readonly [string, number],
  ): 'file' | 'directory' | null {
    const kind = kindOf(() => childPath(directory, name), listing.table, number)
    const why = skipReasonOf(name, this.#request.common.scan)
    if (why === 'system') this.#leftovers.push({ path: below(place, name), reason: why })
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
    const { directory, target } = this.placeOf(root, place)
    const [source, torrent] = [join(directory, name), join(target, torrentName(name))]
    return { source, sourcePath: resolve(source), torrent, torrentPath: resolve(torrent) }
  }

  /** Returns the paths of a directory of a tree and of its torrents. */
  placeOf(root: string, place: string): Pick<SourcePlace, 'directory' | 'target'> {
    const directory = join(root, place)
    const { target } = this.#request
    return { directory, target: target === null ? directory : join(target, place) }
  }

  /** Finds the directories below the target whose sources are gone, or something else now. */
  findGone(trees: readonly SourceTree[]): TreePlace[] {
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
function targetIn(realRoot: string | null, realTarget: string | null): (place: string) => boolean {
  if (!realRoot || !realTarget || !isWithin(realTarget, realRoot)) return () => false
  return (place) => childPath(realRoot, place) === realTarget
}

/** The ends of names of files that btkit makes. */
const OWN_ENDS = ['.torrent', TEMPORARY_SUFFIX, ...CHECKSUM_NAMES.map((name) => `.${name}`)].map(
  (end) => `${end}\0`,
)

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
