import { isAscii } from 'node:buffer'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { latin1 } from '../../../base/bytes.js'
import { asBtkitError, BtkitError, valueOr } from '../../../base/errors.js'
import { trace } from '../../../base/text/trace.js'
import { childPath, isWithin, realPath } from '../../../disk/look/inside.js'
import { TRUSTED_LENGTH } from '../../../disk/cache/trust.js'
import type { FileListing } from '../../../disk/look/stat-files.js'
import { isOrdinary, skipReasonOf } from '../../../disk/scan/entry.js'
import { mayHaveUnfinished, unfinishedAmong } from '../../../disk/scan/unfinished.js'
import { placeBelow } from '../../../disk/state/roots.js'
import type { TorrentRecords } from '../../../disk/state/torrent-log.js'
import { isTemporaryName } from '../../../disk/write/temporary-files.js'
import { CHECKSUM_NAMES } from '../../checksums/list.js'
import { parseListName } from '../../checksums/lists.js'
import type { Skipped } from '../../digests/skipped.js'
import { digestOptions, runIn, UnchangedEntries } from '../decide/unchanged.js'
import { noteOnce, type CompleteReport, type TorrentPaths } from '../report.js'
import type { CompleteContext, CompleteRequest, SharedRun, SourcePlace } from '../request.js'
import {
  claimTorrent,
  entriesAmong,
  entryName,
  hasOnlyOwn,
  prefixOf,
  torrentName,
} from '../target/directories.js'
import {
  kindOf,
  listTrees,
  type EnteredNames,
  type ListedDirectory,
  type ListedPlace,
  type TreeChoice,
} from './tree-listings.js'

/** A directory of a tree that is to be completed. */
export interface TreePlace {
  readonly root: string
  /** The real path of the root, if the directory is there: no link leads from it to the place. */
  readonly realRoot?: string | null
  readonly place: string
  /** The names that get torrents, sorted by bytes; null if the directory is gone. */
  readonly names: readonly string[] | null
  /** The listings of the directory, and of that of its torrents. */
  readonly listing?: FileListing
  readonly targetListing?: FileListing | null
}

type DuePlace = TreePlace & { readonly names: readonly string[] }

/** A tree of sources. */
export interface SourceTree {
  readonly root: string
  readonly realRoot: string | null
  /** The paths of all directories. */
  readonly places: Set<string>
  /** The directories in which something may be to be done. */
  readonly due: TreePlace[]
}

/** The same while it is listed. */
interface FoundTree extends SourceTree {
  /** The beginning of the paths of its entries in records. */
  readonly prefix: string
  /** Whether a place is the directory of the torrents. */
  readonly isTarget: (place: string) => boolean
}

/** The records of the torrents of trees, which this run has locked. */
export interface TreeRecords {
  readonly records: TorrentRecords
  /** The place of the trees below the root of the records. */
  readonly place: string
}

/** The parts of a run over trees. */
export interface TreeWork extends SharedRun {
  readonly request: CompleteRequest
  /** Returns the web seeds of the torrents in a place. */
  readonly seedsIn: (place: string) => readonly string[]
  readonly context: CompleteContext
  readonly choice: TreeChoice
}

/** Finds the directories of trees with one target in which something may be to be done. */
export class TreeFinder {
  readonly #request: CompleteRequest
  readonly #report: CompleteReport
  readonly #run: { readonly request: CompleteRequest; readonly options: Uint8Array }
  /** Files that systems left in each tree. */
  readonly #leftovers = new Map<string, Skipped[]>()
  /** The sources of torrents that several trees may have; null for one tree. */
  readonly #claimed: Map<string, string> | null
  /** Whether each directory must be looked at in any case. */
  readonly #isEachLookedAt: boolean
  /** Whether a plain file and its torrent are all that counts of an entry. */
  readonly #isPlain: boolean
  /** For each place of another tree of torrents that a source lacks, whether it has some. */
  readonly targets = new Map<string, boolean>()
  /** Places of which another run has records of its own, and uses them. */
  readonly #held = new Set<string>()

  constructor(private readonly work: TreeWork) {
    const { request, report } = work
    this.#request = request
    this.#report = report
    this.#run = { request, options: digestOptions(request) }
    const isShared = request.target !== null && request.directories.length > 1
    this.#claimed = isShared ? new Map() : null
    this.#isEachLookedAt = request.force || request.publish.length > 0 || Boolean(request.feed)
    const { attributes } = request.common.scan
    const isTrusted = !(attributes && work.context.cacheAccess.trust === 'mtime')
    const isEachAlike = work.choice.isPlain && this.#claimed === null && isTrusted
    this.#isPlain = isEachAlike && !this.#isEachLookedAt && request.checksums.length === 0
  }

  /**
   * Lists trees of sources with the tree of their torrents. Counts the entries of directories in
   * which nothing is to be done.
   * @throws BtkitError `usage` if two files would be written to the same torrent, `interrupted`
   */
  async find(roots: readonly string[], records: TreeRecords): Promise<SourceTree[]> {
    const { target, prune } = this.#request
    // Torrents elsewhere outlive their tree
    const mayBeGone = prune === 'always' && target !== null
    const there = roots.filter((each) => !mayBeGone || existsSync(each))
    const realTarget = valueOr(null, () => realPath(target ?? there[0] ?? ''))
    const trees = there.map((root) => {
      const realRoot = target === null ? realTarget : valueOr(null, () => realPath(root))
      const isTarget = target === null ? () => false : targetIn(realRoot, realTarget)
      const prefix = prefixOf(resolve(root))
      return { root, realRoot, prefix, isTarget, places: new Set<string>(), due: [] }
    })
    const see = (found: ListedPlace) => this.#see(found, trees, records)
    await listTrees({
      roots: there,
      target,
      see: (found) =>
        records.records.hasOwn(placeBelow(records.place, found.place))
          ? this.#takeIn(found, records).then(() => see(found))
          : see(found),
      onError: (error, directory, isTarget) => {
        if (!isTarget || (prune !== 'never' && existsSync(directory)))
          noteOnce(this.#report, directory, asBtkitError(error, directory))
      },
    })
    for (const [root, leftovers] of this.#leftovers) this.work.watch.leftovers?.(root, leftovers)
    return trees
  }

  /** Takes in the records that a place has of its own. */
  async #takeIn({ place, sources, target }: ListedPlace, { records, place: base }: TreeRecords) {
    const { context, request } = this.work
    const { signal } = context.engine
    try {
      await records.takeIn(placeBelow(base, place), { waitSeconds: request.waitSeconds, signal })
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      this.#held.add(place)
      const { directory = place } = sources.find((each) => each !== null) ?? target ?? {}
      noteOnce(this.#report, directory, error)
    }
  }

  /** Finds what is to be done at a place, and the names that are entered. */
  #see(
    { place, sources, target }: ListedPlace,
    trees: readonly FoundTree[],
    records: TreeRecords,
  ): EnteredNames {
    const isWhole = sources.length === this.#request.directories.length && !sources.includes(null)
    // Where all sources are there, nothing is gone
    if (target && !isWhole) this.targets.set(place, target.columns.names.used.includes(TORRENT))
    const entered = trees.map((tree, i) => {
      const found = sources[i]
      if (!found) return []
      tree.places.add(place)
      const isEntered = (name: string) => !tree.isTarget(placeBelow(place, name))
      const isPlain = this.#countUnchanged({ ...tree, place }, found, target, records)
      if (isPlain) return this.#directoriesAmong(tree.root, place, found).filter(isEntered)
      const { names, directories } = this.#choose(tree.root, place, found)
      if (!this.#held.has(place)) {
        const { root, realRoot } = tree
        const { listing } = found
        const targetListing = this.#request.target === null ? listing : (target?.listing ?? null)
        const due = { root, realRoot, place, names, listing, targetListing }
        const isDone =
          names.length > 0
            ? this.#isUnchanged(due, found, records)
            : targetListing !== null && this.#hasNothing(targetListing)
        if (!isDone) tree.due.push(due)
      }
      return directories.filter(isEntered)
    })
    return { sources: entered, target: target ? this.#directoriesIn(target) : [] }
  }

  #directoriesIn({ directory, columns: { names, table }, others }: ListedDirectory): string[] {
    const found: string[] = []
    for (const i of others) {
      const name = names.textAt(i)
      if (kindOf(() => childPath(directory, name), table, i) === 'directory') found.push(name)
    }
    return found
  }

  /** Finds the directories that are chosen in one whose files need no look. */
  #directoriesAmong(root: string, place: string, found: ListedDirectory): string[] {
    const { names } = found.columns
    const { others } = found
    const directories = others.filter((i) => this.#kindOf(root, place, found, i) === 'directory')
    return directories.map((i) => names.textAt(i))
  }

  /**
   * Whether a directory has only plain files, and nothing is to be done for them, as far as the
   * index shows it; then they are counted.
   */
  #countUnchanged(
    {
      place,
      realRoot,
      prefix,
    }: Pick<TreePlace, 'place' | 'realRoot'> & { readonly prefix: string },
    { columns: sources, others }: ListedDirectory,
    target: ListedDirectory | null,
    { records, place: base }: TreeRecords,
  ): boolean {
    const { index } = records
    if (!index || !target || !realRoot || !this.#isPlain || this.#held.has(place)) return false
    const { names, table } = sources
    const { used } = names
    if (!isAscii(used)) return false
    const all = latin1(used)
    if (mayHaveUnfinished(all) || OWN_ENDS.test(all)) return false
    if (!others.every((i) => table.isDirectory(i))) return false
    for (let i = 0; i < names.length; i++)
      if (!isOrdinary(names, i) && table.isThere(i)) return false
    const { options } = runIn(this.work.seedsIn(place), this.#run)
    const trusted = TRUSTED_LENGTH[this.work.context.cacheAccess.trust]
    const at = placeBelow(base, place)
    const unchanged = index.columns.unchangedAmong({
      prefix: at === '' ? '' : `${at}/`,
      directory: prefix + (place === '' ? '' : `${place}/`),
      sources,
      torrents: target.columns,
      trusted,
      options,
    })
    if (unchanged === null) return false
    this.#count(place, unchanged.count, unchanged.bytes)
    return true
  }

  #count(place: string, files: number, bytes: number): void {
    trace(() => `${place}: unchanged, and so are its torrents`)
    this.#report.unchanged += files
    this.#report.bytesReused += bytes
  }

  /** Finds the names in a directory that are chosen: files that get torrents, and directories. */
  #choose(root: string, place: string, found: ListedDirectory) {
    const { names: all } = found.listing
    const isUnfinished = this.#request.common.scan.all ? null : unfinishedAmong(all)
    const names: string[] = []
    const directories: string[] = []
    for (const [i, name] of all.entries()) {
      const kind = this.#kindOf(root, place, found, i)
      if (kind === null) continue
      if (isUnfinished?.(name)) {
        const paths = this.#pathsOf(root, place, name)
        this.#report.skipped.push({ ...paths, reason: 'unfinished' })
      } else (kind === 'file' ? names : directories).push(name)
    }
    return { names, directories }
  }

  /** Whether nothing is to be done for the files of a directory; then they are counted. */
  #isUnchanged(
    { place, names, realRoot, targetListing }: DuePlace,
    { directory, listing }: ListedDirectory,
    { records, place: base }: TreeRecords,
  ): boolean {
    if (this.#isEachLookedAt || !realRoot || !targetListing) return false
    const log = records.in(placeBelow(base, place))
    const realDirectory = place === '' ? realRoot : childPath(realRoot, place)
    const own = this.#request.target === null ? log : undefined
    const isEntry = entriesAmong(listing.names, { log: own, realDirectory, request: this.#request })
    const entries = names.filter(isEntry)
    const targetDirectory = { log, states: targetListing }
    const run = runIn(this.work.seedsIn(place), this.#run)
    const source = { place: prefixOf(resolve(directory)), states: listing, targetDirectory }
    const { trust } = this.work.context.cacheAccess
    const unchanged = new UnchangedEntries(source, { ...run, trust })
    let bytes = 0
    for (const name of entries) {
      const size = unchanged.sizeOfFile(name)
      if (typeof size !== 'number') return false
      bytes += size
    }
    if (!hasOnlyOwn(entries, targetDirectory)) return false
    this.#count(place, entries.length, bytes)
    return true
  }

  /** Whether a directory for the torrents of no files has no file that btkit made. */
  #hasNothing({ names }: FileListing): boolean {
    // A client may have torrents that are gone
    if (this.#isEachLookedAt) return false
    return !names.some(
      (name) => entryName(name) !== null || isTemporaryName(name) || parseListName(name) !== null,
    )
  }

  /** Returns what a chosen name is, else null. Reports names that nobody asked to leave out. */
  #kindOf(
    root: string,
    place: string,
    { directory, columns: { names, table } }: ListedDirectory,
    number: number,
  ): 'file' | 'directory' | null {
    const name = names.textAt(number)
    const kind = kindOf(() => childPath(directory, name), table, number)
    const why = skipReasonOf(name, this.#request.common.scan)
    if (why === 'system') {
      const found = this.#leftovers.get(root) ?? []
      this.#leftovers.set(root, found)
      found.push({ path: placeBelow(place, name), reason: why })
    }
    const isLink = why === undefined && kind === 'link to a directory'
    if (why === 'hidden' || isLink)
      this.#report.skipped.push({ ...this.#pathsOf(root, place, name), reason: why ?? 'link' })
    if (why !== undefined || kind === 'link to a directory') return null
    if (!this.work.choice.has(kind, placeBelow(place, name))) return null
    if (kind === 'file' && this.#claimed)
      claimTorrent(this.#claimed, this.#pathsOf(root, place, name))
    return kind
  }

  #pathsOf(root: string, place: string, name: string): TorrentPaths {
    const { directory, target } = pathsOfPlace(this.#request, root, place)
    const [source, torrent] = [join(directory, name), join(target, torrentName(name))]
    return { source, sourcePath: resolve(source), torrent, torrentPath: resolve(torrent) }
  }
}

/** Returns the paths of a directory of a tree and of its torrents. */
export function pathsOfPlace(
  { target }: CompleteRequest,
  root: string,
  place: string,
): Pick<SourcePlace, 'directory' | 'target'> {
  const directory = join(root, place)
  return { directory, target: target === null ? directory : join(target, place) }
}

/** The ends of names of files that btkit makes, in columns. */
const TORRENT = '.torrent\0'
const OWN_ENDS = RegExp(`\\.(?:torrent|${CHECKSUM_NAMES.join('|')})\0`)

/** Returns a function that says whether a directory of a tree is that of the torrents. */
function targetIn(realRoot: string | null, realTarget: string | null): (place: string) => boolean {
  if (!realRoot || !realTarget || !isWithin(realTarget, realRoot)) return () => false
  return (place) => childPath(realRoot, place) === realTarget
}
