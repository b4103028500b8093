import { readlinkSync } from 'node:fs'
import { link, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { isSafeComponent } from '../../disk/look/inside.js'
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
import { findMissing, type MissingFile } from '../verify/match.js'
import type { VerifiedFile } from '../verify/verify-report.js'
import { refuseUnsafePaths } from '../read-torrent.js'
import { planFound, refuseDeepPaths } from '../verify/verify-torrent.js'

/** A file of a torrent, and where its data is. */
export interface FoundDatum {
  readonly file: MetainfoFile
  /**
   * `found`: by its pieces. `likely`: by name and size; it shares all pieces that are not good with
   * files that were not found. `damaged`: most of its bytes are right. `empty`: there is nothing to find.
   */
  readonly status: 'found' | 'likely' | 'damaged' | 'missing' | 'empty'
  /** Null if it is missing or empty. */
  readonly path: string | null
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
    if (file.length === 0) return { file, status: 'empty', path: null }
    const { match = null, doubt = null } = missing.get(number) ?? {}
    if (match !== null) return { file, status: 'found', path: index.files.absolutePathAt(match) }
    const path = doubt && index.files.absolutePathAt(doubt.candidate)
    const isNamesake = path !== null && basename(path) === file.path.at(-1)
    const status = doubt && doubtOf(doubt.checked, isNamesake)
    if (doubt?.checked.status === 'unreadable')
      onProblem?.(new BtkitError('io', `${path}: ${doubt.checked.reason}`))
    return status ? { file, status, path } : { file, status: 'missing', path: null }
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

/**
 * Gives data that was found the names that a torrent has for it, below a directory: hard links, so
 * that clients and `verify` take them for files. Empty files and stored links are created. A link changes
 * the ctime of its file, so the index is out of date afterwards. A file that fails does not stop the rest.
 * @throws BtkitError the first one: `exists` for another file in the way, `io` for a directory on another
 *   mount, `unsafe-path` for a stored link that leads outside
 */
export async function linkData(
  { name, isDirectory }: Pick<Metainfo, 'name' | 'isDirectory'>,
  data: readonly FoundDatum[],
  directory: string,
): Promise<void> {
  const faults: BtkitError[] = []
  for (const { file, status, path } of data) {
    if (status !== 'found' && status !== 'empty') continue
    const root = isDirectory ? join(directory, name) : directory
    const target = isDirectory ? join(root, ...file.path) : join(root, name)
    const { symlinkPath } = file
    const leadsTo = symlinkPath && relative(dirname(target), join(root, ...symlinkPath))
    try {
      if (symlinkPath?.every(isSafeComponent) === false)
        throw new BtkitError('unsafe-path', `${target}: is a link that leads outside`)
      await mkdir(dirname(target), { recursive: true })
      if (leadsTo !== undefined) await symlink(leadsTo, target)
      else if (path === null) await writeFile(target, '', { flag: 'wx' })
      else await link(path, target)
    } catch (error) {
      if (osCodeOf(error) === 'EEXIST' && isSame(path, target, leadsTo)) continue
      const advice = `choose a directory on the mount of ${path ?? 'it'}`
      const why = 'a hard link cannot lead to another mount or disk'
      const isElsewhere = osCodeOf(error) === 'EXDEV'
      const text = `${target}: ${why}; ${advice}`
      const fault = isElsewhere ? new BtkitError('io', text) : asBtkitError(error, target)
      if (!(fault instanceof BtkitError)) throw fault
      faults.push(fault)
    }
  }
  const [first] = faults
  if (first) throw first
}

function isSame(path: string | null, target: string, leadsTo: string | undefined): boolean {
  if (leadsTo !== undefined) return valueOr(null, () => readlinkSync(target)) === leadsTo
  if (path !== null) return isSamePlace(path, target)
  const there = statIfThere(target)
  return there?.isFile() === true && there.size === 0
}
