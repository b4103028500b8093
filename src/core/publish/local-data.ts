import { basename, dirname, join } from 'node:path'
import { BtkitError } from '../../base/errors.js'
import { contentSize, type Metainfo } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { locateContent, pathIn, type DataPlace, type OddFile } from '../verify/locate.js'
import { sizesOf, type VerifiedFile, type VerifyReport } from '../verify/verify-report.js'
import { isWithin } from '../../disk/look/inside.js'
import type { FileState } from '../../disk/file-lists/scanned-file.js'
import { count } from '../../base/text/quantity.js'

/**
 * Looks for a torrent's data below a directory, under the torrent's name. Compares sizes, reads no
 * files. Returns the modification time of each file in seconds since 1970; 0 for pad files.
 * @throws BtkitError `not-found` or `changed` with the first incomplete file, and as
 *   locateContent
 */
export async function findLocalData(
  metainfo: Metainfo,
  directory: string,
  followSymlinks = false,
): Promise<number[]> {
  const place = { path: directory, byName: true, followSymlinks }
  const content = await locateContent(metainfo, place)
  const odd = [...content.odd.values()].find(
    ({ file, found }) => file.length > 0 || found.kind !== 'missing',
  )
  if (odd) throw lackOf(odd, metainfo, directory)
  const listed = Array.from(streamedFiles(metainfo), ({ path }) => path.length > 0)
  return [...content.files].filter((_, number) => listed[number]).map(timeOf)
}

function timeOf({ fingerprint }: FileState): number {
  return Number(fingerprint.mtimeNs / 1_000_000_000n)
}

function lackOf(
  { file, found }: OddFile,
  { name, isDirectory }: Metainfo,
  directory: string,
): BtkitError {
  const path = join(directory, ...(isDirectory ? [name, ...file.path] : [name]))
  if (found.kind !== 'file') return new BtkitError('not-found', `${path}: not there`)
  const { size } = found.fingerprint
  return new BtkitError(
    'changed',
    `${path}: has ${count(size, 'byte')}, but the torrent says ${file.length}`,
  )
}

/** Most files that are named as not whole. */
const MAX_NAMED = 5

/** Data that is not whole. */
export class DataProblem extends BtkitError {
  /** The message without sizes, which change while a file is written. */
  readonly gist: string
  /** Bytes that are there, as far as the check knows. */
  readonly there: number
  /**
   * The kind of fault, by which something helps: `missing` if no file is there, `changed` if no
   * byte is right or a file is too long, `damaged` if some bytes are right; null if something else
   * than bytes is wrong.
   */
  readonly lack: 'missing' | 'changed' | 'damaged' | null
  /** The directory that has, or would have, the content under the torrent's name; else null. */
  readonly directory: string | null

  constructor(metainfo: Metainfo, { problems, place }: Pick<VerifyReport, 'problems' | 'place'>) {
    const list = (describe: (file: VerifiedFile) => string[]) => {
      const shown = problems.slice(0, MAX_NAMED).map((file) => {
        const details = describe(file).map((detail) => ` (${detail})`)
        return `${pathIn(place, file.path)} is ${file.status}${details.join('')}`
      })
      const rest = problems.length - shown.length
      const which = rest > 0 ? [...shown, count(rest, 'more file')] : shown
      return `its data is not whole: ${which.join(', ') || 'pieces are damaged'}`
    }
    const isMissing = problems[0]?.status === 'missing'
    super(isMissing ? 'not-found' : 'changed', list(detailsOf))
    this.gist = list(({ reason }) => (reason === null ? [] : [reason]))
    this.there = problems.reduce((sum, file) => sum + bytesThere(file), 0)
    this.lack = lackIn(problems, metainfo)
    this.directory = directoryOf(place, metainfo)
  }
}

/**
 * Returns why the data of a checked torrent cannot be seeded; null if it can. An empty file that is
 * missing keeps no byte from a peer; clients create it.
 */
export function dataProblem(metainfo: Metainfo, report: VerifyReport): DataProblem | null {
  if (report.ok) return null
  // A client that began with a magnet link may lack the piece layers of a hybrid
  const problems = report.problems.filter(({ status, length }) => {
    return status !== 'missing' || length > 0
  })
  const isWhole = problems.length === 0 && report.badPieces === 0
  const hasEmpty = problems.length < report.problems.length
  const isEnough = isWhole && (hasEmpty || metainfo.version === 'hybrid')
  return isEnough ? null : new DataProblem(metainfo, { ...report, problems })
}

function lackIn(problems: readonly VerifiedFile[], metainfo: Metainfo): DataProblem['lack'] {
  if (problems.some(({ reason }) => reason !== null)) return null
  const size = contentSize(metainfo)
  const sum = (of: (file: VerifiedFile) => number) =>
    problems.reduce((all, each) => all + of(each), 0)
  const isAllOdd = sum(({ length }) => length) === size
  if (isAllOdd && problems.every(({ status }) => status === 'missing')) return 'missing'
  const isLong = problems.some(({ status }) => status === 'long')
  return isLong || (isAllOdd && sum(bytesThere) === 0) ? 'changed' : 'damaged'
}

/** The directory in which a torrent's content lies under its name; null for another name. */
function directoryOf(
  { path, isFile }: DataPlace,
  { name, isDirectory }: Pick<Metainfo, 'name' | 'isDirectory'>,
): string | null {
  if (!isDirectory && !isFile) return path
  return basename(path) === name ? dirname(path) : null
}

/** Why a file is not whole, and how much of it is there. */
function detailsOf(file: VerifiedFile): string[] {
  const { status, reason, length, found } = file
  if (reason !== null) return [reason]
  if (status === 'missing') return []
  const good = () => `${bytesThere(file)} of ${length} bytes are in good pieces`
  return [found === length ? good() : sizesOf(file)]
}

/** Bytes of a file that are not known to be wrong; 0 for one that is missing or too long. */
function bytesThere({ found, length, ranges, unchecked }: VerifiedFile): number {
  if (found === null || found > length) return 0
  const lost = [...ranges, ...unchecked].reduce((sum, [from, to]) => sum + to - from, 0)
  return found < length ? found : length - lost
}

/** A directory on this machine, and its path as a client sees it. */
export interface DataPrefix {
  readonly local: string
  readonly remote: string
}

/** A directory's path as a client sees it. The longest matching prefix is replaced. */
export function remoteDirectory(local: string, prefixes: readonly DataPrefix[]): string {
  const fitting = prefixes.filter((prefix) => isWithin(local, prefix.local))
  fitting.sort((a, b) => b.local.length - a.local.length)
  const [prefix] = fitting
  if (!prefix) return local
  const below = local.slice(prefix.local === '/' ? 0 : prefix.local.length)
  return prefix.remote.replace(/\/$/, '') + below || '/'
}
