import { dirname, join } from 'node:path'
import { BtkitError } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { locateContent, type OddFile } from '../verify/locate.js'
import type { VerifyReport } from '../verify/verify-report.js'
import type { VerifyRequest } from '../verify/verify-torrent.js'
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
  const [odd] = content.odd.values()
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

/** Returns why the data of a checked torrent cannot be seeded; null if it can. */
export function dataProblem(
  { torrent, metainfo }: Pick<VerifyRequest, 'torrent' | 'metainfo'>,
  report: VerifyReport,
): BtkitError | null {
  if (report.ok) return null
  const odd = report.files.filter(({ status }) => status !== 'ok')
  // A client that began with a magnet link may lack the piece layers of a hybrid
  const isWhole = odd.length === 0 && report.badPieces === 0
  if (isWhole && metainfo.version === 'hybrid') return null
  const shown = odd.slice(0, MAX_NAMED).map(({ path, status, reason }) => {
    return `${path.join('/')} is ${status}${reason === null ? '' : ` (${reason})`}`
  })
  const more = odd.length > MAX_NAMED ? [count(odd.length - MAX_NAMED, 'more file')] : []
  const which = odd.length > 0 ? [...shown, ...more].join(', ') : 'pieces are damaged'
  const { path, isFile } = report.place
  const directory = isFile ? dirname(path) : path
  return new BtkitError('changed', `${torrent}: its data is not whole in ${directory}: ${which}`)
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
