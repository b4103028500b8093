import { readlinkSync } from 'node:fs'
import { link, symlink, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { isSafeComponent } from '../../disk/look/inside.js'
import { copyNewFile } from '../../disk/write/atomically.js'
import { Directory, OPEN_TO_ALL } from '../../disk/write/directory.js'
import { asBtkitError, BtkitError, osCodeOf, valueOr } from '../../base/errors.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import { searchTree } from '../../disk/scan/scan-tree.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { isSamePlace, statIfThere } from '../../disk/look/stat-files.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { FileIndex } from '../verify/file-index.js'
import type { VerifyContext } from '../verify/judge.js'
import { Placing } from '../verify/locate.js'
import { findMissing, unprovenOf, type MissingFile } from '../verify/match.js'
import type { Interval } from '../verify/pieces.js'
import type { VerifiedFile } from '../verify/verify-report.js'
import { refuseUnsafePaths } from '../read-torrent.js'
import { planFound, refuseDeepPaths } from '../verify/verify-torrent.js'

/** A file of a torrent, and where its data is. */
export interface FoundDatum {
  readonly file: MetainfoFile
  /**
   * `found`: its pieces prove all of it. `likely`: it has good pieces or the name, and shares all
   * pieces that are not good with files that were not found. `damaged`: most of its bytes are
   * right. `empty`: there is nothing to find.
   */
  readonly status: 'found' | 'likely' | 'damaged' | 'missing' | 'empty'
  /** Null if it is missing or empty. */
  readonly path: string | null
  /**
   * The bytes of the file at `path` that no good piece has: only with `likely` and `damaged`
   * any.
   */
  readonly unproven: readonly Interval[]
}

/** A torrent whose data is looked for. */
export interface FindRequest {
  readonly metainfo: Metainfo
  /** The name of the torrent in errors. */
  readonly torrent: string
  readonly index: FileIndex
  /** Receives why a file that may be the data cannot be read. */
  readonly onProblem?: (problem: BtkitError) => void
}

/**
 * Lists the regular files below directories, as searchTree does.
 * @throws BtkitError as searchTree
 */
export async function indexFiles(
  directories: readonly string[],
  onProblem: (problem: BtkitError) => void,
): Promise<FileIndex> {
  const trees: FileColumns[] = []
  for (const directory of directories) trees.push(await searchTree(directory, onProblem))
  const [only] = trees
  return new FileIndex(only && trees.length === 1 ? only : FileColumns.of(eachOnce(trees)))
}

function* eachOnce(trees: readonly FileColumns[]): Generator<ScannedFile> {
  const seen = new Set<string>()
  for (const tree of trees) {
    for (const file of tree) {
      if (seen.has(file.absolutePath)) continue
      seen.add(file.absolutePath)
      yield file
    }
  }
}

/**
 * Finds the data of a torrent among files of the right sizes, whatever their names, and reads it.
 * @throws BtkitError `unsafe-path`, `metainfo`, `interrupted`
 */
export async function findData(
  { metainfo, torrent, index, onProblem }: FindRequest,
  hashContext: VerifyContext,
): Promise<FoundDatum[]> {
  refuseUnsafePaths(metainfo, torrent)
  const placing = new Placing()
  const files = [...streamedFiles(metainfo)]
  refuseDeepPaths(files, torrent)
  for (const file of files) placing.add(file)
  const content = placing.end(metainfo, { path: '', isFile: false })
  const request = { metainfo, torrent, path: '', checkHashes: true, extra: false }
  const check = planFound(request, content)
  const missing = new Map<number, MissingFile>()
  for (const each of await findMissing(check, metainfo, index, hashContext))
    missing.set(each.number, each)
  return Array.from(content.odd, ([number, { file }]): FoundDatum => {
    if (file.length === 0) return { file, status: 'empty', path: null, unproven: [] }
    const { match = null, doubt = null, unproven = [] } = missing.get(number) ?? {}
    if (match !== null) {
      const isProven = unproven.length === 0
      const path = index.files.absolutePathAt(match)
      return { file, status: isProven ? 'found' : 'likely', path, unproven }
    }
    const path = doubt && index.files.absolutePathAt(doubt.candidate)
    const isNamesake = path !== null && basename(path) === file.path.at(-1)
    const status = doubt && doubtOf(doubt.checked, isNamesake)
    if (doubt?.checked.status === 'unreadable')
      onProblem?.(new BtkitError('io', `${path}: ${doubt.checked.reason}`))
    if (!doubt || !status) return { file, status: 'missing', path: null, unproven: [] }
    return { file, status, path, unproven: unprovenOf(doubt.checked) }
  })
}

/**
 * The status of a file that is not proven; null if it is not the file, as far as is known. Pieces
 * that prove nothing, or that other files may have made bad, leave only its name.
 */
function doubtOf({ status, ranges, length }: VerifiedFile, isNamesake: boolean) {
  const isLikely = isNamesake && (status === 'unchecked' || status === 'suspect')
  if (status !== 'damaged' && status !== 'suspect') return isLikely ? 'likely' : null
  const bad = ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  if (bad < length / 2) return 'damaged'
  return isLikely ? 'likely' : null
}

/** Where data gets the names that a torrent has for it. */
export interface LinkPlace {
  readonly directory: string
  /** Whether to copy likely data, too. */
  readonly likely: boolean
}

/**
 * Gives data that was found the names that a torrent has for it, below a directory: hard links, so
 * that clients and `verify` take them for files. Likely data is copied, as a reflink if the file
 * system has them: a client replaces bytes that are not the torrent's, which may be another file's.
 * Empty files and stored links are created. A link changes the ctime of its file, so the index is
 * out of date afterwards. A file that fails does not stop the rest.
 * @throws BtkitError the first one: `exists` for another file in the way, `io` for a directory on
 *   another mount, `unsafe-path` for a stored link that leads outside
 */
export async function linkData(
  { name, isDirectory }: Pick<Metainfo, 'name' | 'isDirectory'>,
  data: readonly FoundDatum[],
  { directory, likely }: LinkPlace,
): Promise<void> {
  const faults: BtkitError[] = []
  for (const datum of data) {
    const { file, status } = datum
    if (status !== 'found' && status !== 'empty' && !(likely && status === 'likely')) continue
    const names = isDirectory ? [name, ...file.path] : [name]
    const shown = join(directory, ...names)
    try {
      const above = Directory.below(directory, names.slice(0, -1), OPEN_TO_ALL)
      try {
        await placeData(datum, above.at(basename(shown)), shown)
      } finally {
        above.close()
      }
    } catch (error) {
      const fault = asBtkitError(error, shown)
      if (!(fault instanceof BtkitError)) throw fault
      faults.push(fault)
    }
  }
  const [first] = faults
  if (first) throw first
}

/** Creates the entry of a file at a path, unless it is there. `shown` is the path for messages. */
async function placeData({ file, status, path }: FoundDatum, target: string, shown: string) {
  const { symlinkPath, length } = file
  if (symlinkPath?.every(isSafeComponent) === false)
    throw new BtkitError('unsafe-path', `${shown}: is a link that leads outside`)
  const leadsTo = symlinkPath && relative(join(...file.path, '..'), join(...symlinkPath))
  try {
    if (leadsTo !== undefined) await symlink(leadsTo, target)
    else if (path === null) await writeFile(target, '', { flag: 'wx' })
    else if (status === 'likely') await copyNewFile(path, target)
    else await link(path, target)
  } catch (error) {
    const isLink = status === 'found' && leadsTo === undefined
    const isThere = isLink ? isSamePlace(path ?? '', target) : isMade(target, length, leadsTo)
    if (osCodeOf(error) === 'EEXIST' && isThere) return
    if (osCodeOf(error) === 'EEXIST')
      throw new BtkitError('exists', `${shown}: is another file`, { cause: error })
    if (osCodeOf(error) !== 'EXDEV') throw error
    const why = 'a hard link cannot lead to another mount or disk'
    throw new BtkitError('io', `${shown}: ${why}; choose a directory on the mount of ${path}`)
  }
}

/**
 * Whether an earlier run made a stored link, an empty file, or a copy, which a client may have
 * changed.
 */
function isMade(target: string, length: number, leadsTo: string | undefined): boolean {
  if (leadsTo !== undefined) return valueOr(null, () => readlinkSync(target)) === leadsTo
  const there = statIfThere(target)
  return there?.isFile() === true && there.size === length
}
