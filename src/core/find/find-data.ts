import { link, mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asBtkitError, BtkitError, osCodeOf } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
import { searchTree } from '../../files/scan/scan-tree.js'
import type { ScannedFile } from '../../files/scanned-file.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import type { VerifyContext } from '../verify/check-pieces.js'
import { findFiles, type FoundFile } from '../verify/content.js'
import type { VerifiedFile } from '../verify/verify-report.js'
import { streamedFiles } from '../verify/v2-side.js'
import { findMissing, foundAt, MOST_TRIED } from '../verify/find-missing.js'
import {
  checkOf,
  planFound,
  refuseUnsafePaths,
  verifyTorrent,
  type VerifyRequest,
} from '../verify/verify-torrent.js'

/** The files below some directories. */
export class FileIndex {
  readonly #files = new Map<number | string, ScannedFile[]>()

  add(file: ScannedFile): void {
    const { size } = file.fingerprint
    for (const key of [size, `${size} ${basename(file.absolutePath)}`]) {
      const files = this.#files.get(key)
      if (files) files.push(file)
      else this.#files.set(key, [file])
    }
  }

  /** Returns the files of a size in bytes, or only those of a name. */
  get(size: number, name?: string): readonly ScannedFile[] {
    return this.#files.get(name === undefined ? size : `${size} ${name}`) ?? []
  }
}

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
}

/**
 * Lists the regular files below directories, as searchTree does.
 * @throws BtkitError as searchTree
 */
export async function indexFiles(
  directories: readonly string[],
  onProblem: (problem: BtkitError) => void,
): Promise<FileIndex> {
  const index = new FileIndex()
  const seen = new Set<string>()
  for (const directory of directories) {
    for (const file of await searchTree(directory, onProblem)) {
      const { size } = file.fingerprint
      if (size === 0 || seen.has(file.absolutePath)) continue
      seen.add(file.absolutePath)
      index.add(file)
    }
  }
  return index
}

/**
 * Finds the data of a torrent among files of the right sizes, whatever their names, and reads it.
 * @throws BtkitError `unsafe-path`, `metainfo`, `interrupted`
 */
export async function findData(
  { metainfo, torrent, index }: FindRequest,
  hashContext: VerifyContext,
): Promise<FoundDatum[]> {
  refuseUnsafePaths(metainfo, torrent)
  const request: VerifyRequest = { metainfo, torrent, path: '', checkHashes: true, extra: false }
  const planOf = (files: readonly FoundFile[]) => {
    return planFound(request, { files, place: { path: '', isFile: false } })
  }
  const candidatesOf = candidates(metainfo, index)
  const absent = findFiles(streamedFiles(metainfo), () => ABSENT)
  const first = absent.map((each): FoundFile => {
    const [best] = candidatesOf(each.file)
    return { ...each, found: best ? foundAt(best) : ABSENT }
  })
  const checked = await verifyTorrent(planOf(first), hashContext)
  const statuses = checked.files.map(({ status }) => status)
  const content = first.filter(({ file }) => !file.padding)
  const good = new Set(content.filter((_, at) => statuses[at] === 'ok'))
  const proven = first.map((each) => (good.has(each) ? each : { ...each, found: ABSENT }))
  const renamed = await findMissing(checkOf(planOf(proven)), candidatesOf, hashContext)
  const files = proven.map((each) => {
    const file = renamed.get(each.file)
    return file ? { ...each, found: foundAt(file) } : each
  })
  const results = new Map(content.map((each, at) => [each, checked.files[at]]))
  return files.flatMap((each, at) => {
    const before = first[at]
    const path = before?.found.kind === 'file' ? before.found.path : null
    const isNamesake = path !== null && basename(path) === each.file.path.at(-1)
    const status = doubtOf(before && results.get(before), isNamesake) ?? 'missing'
    return each.file.padding ? [] : [judge(each, { status, path })]
  })
}

/**
 * The status of a file that is not proven; null if it is not the file, as far as is known. Pieces
 * that prove nothing, or that other files may have made bad, leave only its name.
 */
function doubtOf(checked: VerifiedFile | undefined, isNamesake: boolean) {
  if (checked === undefined) return null
  const { status, ranges, length } = checked
  const isLikely = isNamesake && (status === 'unchecked' || status === 'suspect')
  if (status !== 'damaged' && status !== 'suspect') return isLikely ? 'likely' : null
  const bad = ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  if (bad < length / 2) return 'damaged'
  return isLikely ? 'likely' : null
}

const ABSENT = { kind: 'missing' } as const

function judge({ file, found }: FoundFile, unproven: Omit<FoundDatum, 'file'>): FoundDatum {
  if (file.length === 0) return { file, status: 'empty', path: null }
  if (found.kind === 'file') return { file, status: 'found', path: found.path }
  const { status, path } = unproven
  return path === null || status === 'missing'
    ? { file, status: 'missing', path: null }
    : { file, status, path }
}

/** Returns the files of the same size as one, those with the most similar path first. */
function candidates({ name, isDirectory }: Metainfo, index: FileIndex) {
  const known = new Map<MetainfoFile, ScannedFile[]>()
  return (file: MetainfoFile): ScannedFile[] => {
    const before = known.get(file)
    if (before) return before
    const path = isDirectory ? [name, ...file.path] : [name]
    const ranked = index
      .get(file.length, path.at(-1))
      .map((each) => ({ each, rank: commonEnd(path, each.absolutePath.split('/')) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ each }) => each)
    const others = index.get(file.length).slice(0, MOST_TRIED)
    const best = file.padding ? [] : [...new Set([...ranked, ...others])].slice(0, MOST_TRIED)
    known.set(file, best)
    return best
  }
}

function commonEnd(a: readonly string[], b: readonly string[]): number {
  let n = 0
  while (n < a.length && n < b.length && a.at(-1 - n) === b.at(-1 - n)) n++
  return n
}

/**
 * Gives data that was found the names that a torrent has for it, below a directory: hard links, so
 * that clients and `verify` take them for files. Empty files are created. A link changes the ctime
 * of its file, so the index is out of date afterwards.
 * @throws BtkitError `exists` for another file in the way, `io` for a directory on another disk
 */
export async function linkData(
  { name, isDirectory }: Pick<Metainfo, 'name' | 'isDirectory'>,
  data: readonly FoundDatum[],
  directory: string,
): Promise<void> {
  for (const { file, status, path } of data) {
    if (status !== 'found' && status !== 'empty') continue
    const target = join(directory, ...(isDirectory ? [name, ...file.path] : [name]))
    try {
      await mkdir(dirname(target), { recursive: true })
      if (path === null) await writeFile(target, '', { flag: 'wx' })
      else await link(path, target)
    } catch (error) {
      if (osCodeOf(error) === 'EEXIST' && isSame(path, target)) continue
      if (osCodeOf(error) !== 'EXDEV') throw asBtkitError(error, target)
      const advice = `choose a directory on the same disk as ${path ?? 'it'}`
      throw new BtkitError('io', `${target}: a hard link cannot lead to another disk; ${advice}`)
    }
  }
}

function isSame(path: string | null, target: string): boolean {
  const there = statIfThere(target)
  if (path === null) return there?.isFile() === true && there.size === 0
  const data = statIfThere(path)
  return !!there && !!data && there.ino === data.ino && there.dev === data.dev
}
