import { realpathSync, statSync, type BigIntStats } from 'node:fs'
import { basename, resolve, sep, isAbsolute, relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { BtkitError, callSystem, asBtkitError, osCodeOf, refuseAborted } from '../../base/errors.js'
import { FileColumns } from '../file-lists/columns.js'
import { FileStore, type FileDirectory, type ListedColumns } from '../file-lists/file-store.js'
import { fingerprintOf } from '../file-lists/fingerprint.js'
import type { ScannedFile } from '../file-lists/scanned-file.js'
import {
  attributesOf,
  type ScannedTree,
  type ScanOptions,
  type SkippedEntry,
  type ScanSkipReason,
} from './scanned-tree.js'
import {
  resolveTo,
  dropDanglingLinks,
  type Target,
  loadNameFilter,
  findEntry,
  type Found,
  isOrdinary,
  skipReasonOf,
  type LinkRules,
} from './entry.js'
import { listColumns, ListingRoom } from '../look/stat-files.js'
import type { NameFilter } from './glob.js'
import { isSuspect, printableName } from '../look/read-names.js'
import { isSafeComponent } from '../look/inside.js'
import { monotonicNow } from '../../base/process.js'
import { walk } from './walk.js'

export type * from './scanned-tree.js'

/**
 * Lists the regular files at or below `root`, sorted, with the entries left out and the reasons.
 * The root is accepted whatever its name, and followed if it is a link. `found` is the root if that
 * is known to be a directory: its real path, and its state.
 *
 * A tree of 100,000 files takes about 0.2 s. This thread is blocked for one directory at a time.
 *
 * @throws BtkitError without `onProblem`, or for the root: `not-found`, `not-permitted` or `io` if
 * the system refuses; `bad-name` for a
 * name that is not UTF-8; `changed` if an entry disappears during the scan; `usage` for a bad glob
 * or for chosen paths in a file; `unsafe-path` for a chosen path that leads elsewhere;
 * `interrupted` by the signal
 */
export async function scanTree(
  root: string,
  options: ScanOptions,
  found?: ListedTarget,
): Promise<ScannedTree> {
  const filter = await loadNameFilter(options)
  const opened = found ? { target: found, realRoot: found.path } : openRoot(root)
  const { target, realRoot } = opened
  const { path, stats } = target
  if (stats?.isFile()) {
    if (!options.chosen) {
      const file = fileOf([basename(resolve(root))], { path, stats }, options)
      return { root, isDirectory: false, files: FileColumns.of([file]), skipped: [] }
    }
    throw new BtkitError('usage', `${root}: not a directory, so no files can be chosen in it`)
  }
  const links = { policy: options.links, realRoot }
  const room = rooms.pop() ?? new ListingRoom()
  const scan: Scan = { root, options, links, filter, store: new FileStore(), room, skipped: [] }
  const walked = options.chosen ? walkChosen(scan, target, options.chosen) : walkTree(scan, target)
  const { files, skipped } = await walked.finally(() => rooms.push(room))
  if (options.links !== 'store') return { root, isDirectory: true, files, skipped }
  const kept = dropDanglingLinks(files)
  return { root, isDirectory: true, files: kept.files, skipped: [...skipped, ...kept.skipped] }
}

/**
 * Lists all regular files at or below `root` for a search, also hidden ones. Follows no links.
 * Entries that cannot be looked at are reported, and the search goes on.
 * @throws BtkitError as scanTree, for the root
 */
export async function searchTree(
  root: string,
  onProblem: (problem: BtkitError) => void,
): Promise<FileColumns> {
  const everything: ScanOptions = { all: true, include: [], exclude: [], links: 'skip' }
  return (await scanTree(root, { ...everything, onProblem })).files
}

function openRoot(root: string): { target: Target; realRoot: string } {
  return callSystem(root, () => {
    // Before the real path is resolved, because a descriptor such as /dev/stdin may not have one
    const stats = statSync(root, { bigint: true })
    if (!stats.isFile() && !stats.isDirectory())
      throw new BtkitError('io', `${root}: not a regular file or directory`)
    const realRoot = realpathSync.native(root)
    return { target: resolveTo(realRoot, root, stats), realRoot }
  })
}

/** Rooms that no scan uses, as many as scans were under way at once: each has 144 KiB. */
const rooms: ListingRoom[] = []

/** The state of a scan: its options and its results. */
interface Scan {
  /** The root as given by the caller, for messages. */
  readonly root: string
  readonly options: Pick<ScanOptions, 'all' | 'isLegacy' | 'attributes' | 'onProblem' | 'signal'>
  readonly links: LinkRules
  readonly filter: Pick<NameFilter, 'excludes' | 'includes'> | undefined
  readonly store: FileStore
  /** This scan's own, because others run while it waits. */
  readonly room: ListingRoom
  readonly skipped: SkippedEntry[]
}

/** A directory to read. Its paths end with a separator, so that names can be appended. */
interface Directory {
  readonly place: FileDirectory
  readonly relative: string
  readonly absolute: string
  /** Whether an include pattern matched it or a directory above it. */
  readonly isIncluded: boolean
  /** Absent if it was only listed. */
  readonly stats: BigIntStats | undefined
  readonly parent: Directory | undefined
}

/** A directory that was perhaps only listed. */
export interface ListedTarget {
  readonly path: string
  readonly stats?: Target['stats'] | undefined
}

/** A name in a directory. */
interface TreeEntry {
  readonly directory: Directory
  readonly name: string
}

function pathOf({ directory, name }: TreeEntry): string[] {
  return directory.place.components.concat(name)
}

type Walked = Pick<ScannedTree, 'files' | 'skipped'>

/** Returns everything below a root directory, in order. */
export async function walkTree(scan: Scan, root: ListedTarget): Promise<Walked> {
  await addBelow(scan, rootDirectory(root))
  return { files: new FileColumns(scan.store), skipped: scan.skipped }
}

function rootDirectory({ path, stats }: ListedTarget): Directory {
  const absolute = asPrefix(path, sep)
  const place = { components: [], absolute }
  return { place, relative: '', absolute, isIncluded: false, stats, parent: undefined }
}

/** Some names of a directory in their order, from number `from` to before `to`. */
interface Listed {
  readonly listing: ListedColumns
  readonly from: number
  readonly to: number
  /** Of a single one that must be visited: its name, and why it is left out because of it. */
  readonly single?: { readonly name: string; readonly reason: ScanSkipReason | undefined }
}

/** Milliseconds after which other work has its turn. */
const STRETCH = 20

/** Adds everything below a directory. */
async function addBelow(scan: Scan, start: Directory): Promise<void> {
  const read = (directory: Directory) => readDirectory(scan, directory)
  const onError = (error: unknown, directory: Directory) => {
    if (directory === start || !scan.options.onProblem || !(error instanceof BtkitError))
      throw error
    scan.options.onProblem(error)
  }
  let turn = monotonicNow()
  for await (const { directory, entries, enter } of walk(start, { read, onError })) {
    if (scan.options.signal && monotonicNow() - turn > STRETCH) {
      await setImmediate()
      refuseAborted(scan.options.signal)
      turn = monotonicNow()
    }
    for (const listed of entries) {
      const { listing, from, to, single } = listed
      if (!single) {
        scan.store.addListed(directory.place, listing, [from, to])
        continue
      }
      const found = single.reason ?? visitName(scan, { directory, name: single.name }, listed)
      if (typeof found === 'object') enter(found)
      else if (found !== undefined) {
        const path = directory.relative + printableName(directory.absolute, single.name)
        scan.skipped.push({ path, reason: found })
      }
    }
  }
}

/** Names that are handled together. */
const CHUNK = 1000

/** Lists a directory, sorted; a name that may be that of a directory is the last of some. */
function* readDirectory(scan: Scan, { relative, absolute }: Directory): Generator<Listed[], void> {
  const listing = attempt(scan, relative.replace(/\/$/, ''), () => listColumns(absolute, scan.room))
  const { names, table } = listing
  const isPlain = scan.filter === undefined && !scan.options.attributes && names.isClean
  let [chunk, from]: [Listed[], number] = [[], 0]
  for (let i = 0; i < names.length; i++) {
    if (isPlain && table.isThere(i) && isOrdinary(names, i)) continue
    if (from < i) chunk.push({ listing, from, to: i })
    from = i + 1
    const name = names.textAt(i)
    const excluded = scan.filter?.excludes(relative + name) ? 'excluded' : undefined
    const reason = skipReasonOf(name, scan.options) ?? excluded
    chunk.push({ listing, from: i, to: i + 1, single: { name, reason } })
    if (chunk.length < CHUNK && (reason !== undefined || table.isThere(i))) continue
    yield chunk
    chunk = []
  }
  if (from < names.length) chunk.push({ listing, from, to: names.length })
  yield chunk
}

/** The result of a visit: the reason for leaving an entry out, or the directory to walk next. */
type Visited = ScanSkipReason | Directory | undefined

/**
 * Visits a name. A plain file was looked at already, except for its attributes. A search goes on if
 * looking at an entry fails.
 */
function visitName(scan: Scan, entry: TreeEntry, { listing, from, to }: Listed): Visited {
  const { directory, name } = entry
  if (listing.table.isThere(from) && !scan.options.attributes && !isSuspect(name)) {
    if (!isIncluded(scan, entry)) return 'not included'
    scan.store.addListed(directory.place, listing, [from, to])
    return undefined
  }
  if (listing.table.isDirectory(from) && !isSuspect(name))
    return visitDirectory(scan, entry, { path: directory.absolute + name })
  try {
    const found = attempt(scan, directory.relative + name, () => findName(scan, entry))
    return typeof found === 'string' ? found : visitEntry(scan, entry, found)
  } catch (error) {
    if (!scan.options.onProblem || !(error instanceof BtkitError)) throw error
    scan.options.onProblem(error)
    return undefined
  }
}

/**
 * Examines a name. Returns its target, or the reason for leaving it out. Throws system errors
 * unchanged.
 */
function findName({ root, links }: Scan, { directory, name }: TreeEntry): Found | ScanSkipReason {
  const place = asPrefix(root, '/') + directory.relative
  return findEntry(directory.absolute, name, place, links)
}

/** Adds a file; or returns the directory to walk next, or the reason for leaving the entry out. */
function visitEntry(scan: Scan, entry: TreeEntry, found: Found): Visited {
  const { directory } = entry
  const { stats, symlinkPath } = found
  const path = pathOf(entry)
  if (symlinkPath) {
    // An entry without bytes (BEP 47)
    const fingerprint = { ...fingerprintOf(stats), size: 0 }
    const { path: absolutePath } = found
    return addFile(scan, entry, { path, absolutePath, fingerprint, attributes: 'l', symlinkPath })
  }
  if (stats.isFile()) return addFile(scan, entry, fileOf(path, found, scan.options))
  if (!stats.isDirectory()) return 'not a regular file'
  const below = visitDirectory(scan, entry, found)
  const isLoop = found.isLink && typeof below === 'object' && isAmong(directory, stats)
  return isLoop ? 'link loop' : below
}

function visitDirectory(scan: Scan, entry: TreeEntry, found: ListedTarget): Visited {
  if (scan.filter?.excludes(`${entry.directory.relative}${entry.name}/`)) return 'excluded'
  return directoryBelow(scan, entry, found)
}

function fileOf(
  path: string[],
  { path: absolutePath, stats }: Target,
  { attributes }: Pick<ScanOptions, 'attributes'>,
): ScannedFile {
  const file = { path, absolutePath, fingerprint: fingerprintOf(stats) }
  return attributes ? { ...file, attributes: attributesOf(path.at(-1) ?? '', stats) } : file
}

function addFile(scan: Scan, entry: TreeEntry, file: ScannedFile): ScanSkipReason | undefined {
  if (!isIncluded(scan, entry)) return 'not included'
  scan.store.add(file)
  return undefined
}

function isIncluded(scan: Scan, { directory, name }: TreeEntry): boolean {
  return directory.isIncluded || includes(scan, directory.relative + name)
}

/** Returns a directory inside another one. */
function directoryBelow(
  scan: Scan,
  { directory, name }: TreeEntry,
  found: ListedTarget,
): Directory {
  const relative = `${directory.relative}${name}/`
  const absolute = asPrefix(found.path, sep)
  return {
    place: { components: pathOf({ directory, name }), absolute },
    relative,
    absolute,
    isIncluded: directory.isIncluded || includes(scan, relative),
    stats: found.stats,
    parent: directory,
  }
}

function includes(scan: Scan, relative: string): boolean {
  return scan.filter === undefined || scan.filter.includes(relative)
}

/** Whether `stats` belong to a directory or to one above it. */
function isAmong(directory: Directory, stats: BigIntStats): boolean {
  for (let at: Directory | undefined = directory; at; at = at.parent) {
    const own = at.stats ?? statSync(at.absolute, { bigint: true })
    if (own.ino === stats.ino && own.dev === stats.dev) return true
  }
  return false
}

/**
 * Calls `act`, and adds the entry at `relative` to its errors. An entry that disappeared may have
 * been renamed to a name that the scan has passed, and would be missed.
 * @throws BtkitError `changed` for an entry that disappeared, and for system errors as
 *   asBtkitError does
 */
function attempt<T>({ root }: Scan, relative: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    const place = relative === '' ? root : asPrefix(root, '/') + relative
    const code = osCodeOf(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw asBtkitError(error, place)
    const why = 'disappeared during the scan; try again'
    throw new BtkitError('changed', `${place}: ${why}`, { cause: error })
  }
}

/** Appends a separator to a path that has none. */
function asPrefix(path: string, separator: string): string {
  return path.endsWith(separator) ? path : path + separator
}

/**
 * Returns paths and everything below them, each file once, in the given order. Their names are
 * accepted whatever they are, unless a pattern excludes them.
 * @throws BtkitError `not-found` for a missing path, `unsafe-path` for a path that leads out of
 *   the root, and as walkTree does
 */
async function walkChosen(
  scan: Scan,
  root: ListedTarget,
  paths: readonly string[],
): Promise<Walked> {
  for (const path of paths) {
    const { root: above } = scan
    const inside = isAbsolute(path) ? relative(resolve(above), path).split(sep) : path.split('/')
    const components = inside.filter((component) => component !== '' && component !== '.')
    if (!components.every(isSafeComponent))
      throw new BtkitError('unsafe-path', `${path}: is not below ${above}`)
    await walkTo(scan, rootDirectory(root), components)
  }
  const seen = new Set<string>()
  const isNew = (path: string) => seen.size < seen.add(path).size
  const found = new FileColumns(scan.store)
  const files = found.filter((i) => isNew(found.pathAt(i).join('/')))
  return { files, skipped: scan.skipped.filter(({ path }) => isNew(path)) }
}

/** Adds the entry at a path below a directory. */
async function walkTo(scan: Scan, directory: Directory, [name, ...below]: string[]): Promise<void> {
  if (name === undefined) return addBelow(scan, directory)
  const found = visitPath(scan, { directory, name }, below.length === 0)
  if (typeof found === 'object') await walkTo(scan, found, below)
  else if (found !== undefined)
    scan.skipped.push({ path: directory.relative + name, reason: found })
}

function visitPath(scan: Scan, entry: TreeEntry, isLast: boolean): Visited {
  const { directory, name } = entry
  const relative = directory.relative + name
  const place = asPrefix(scan.root, '/') + relative
  if (scan.filter?.excludes(relative)) return 'excluded'
  // A missing path is reported as missing: it was not found before, so it did not disappear
  const found = callSystem(place, () => findName(scan, entry))
  if (typeof found === 'string') return found
  if (isLast) {
    const visited = visitEntry(scan, entry, found)
    if (visited !== 'not a regular file') return visited
    throw new BtkitError('io', `${place}: ${visited} or directory`)
  }
  if (!found.stats.isDirectory()) throw new BtkitError('not-found', `${place}: not a directory`)
  return visitDirectory(scan, entry, found)
}
