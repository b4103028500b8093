import { join } from 'node:path'
import { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { findContent, type FoundFile } from '../verify/content.js'
import type { VerifyReport } from '../verify/verify-report.js'
import type { VerifyRequest } from '../verify/verify-torrent.js'
import { isWithin } from '../../files/inside.js'

/**
 * Looks for a torrent's data below a directory, under the torrent's name. Compares sizes, reads no
 * files. Returns the modification time of each file in seconds since 1970; 0 for pad files.
 * @throws BtkitError `not-found` or `changed` with the first incomplete file, and as
 *   findContent
 */
export function findLocalData(
  metainfo: Metainfo,
  directory: string,
  followSymlinks = false,
): number[] {
  const place = { path: directory, byName: true, followSymlinks }
  const { files } = findContent(metainfo, metainfo.files, place)
  return files.map((found) => timeOf(found, metainfo, directory))
}

function timeOf({ file, found }: FoundFile, { name, isDirectory }: Metainfo, directory: string) {
  if (file.padding) return 0
  const path = () => join(directory, ...(isDirectory ? [name, ...file.path] : [name]))
  if (found.kind !== 'file') throw new BtkitError('not-found', `${path()}: not there`)
  const { size, mtimeNs } = found.fingerprint
  if (size !== file.length) {
    throw new BtkitError(
      'changed',
      `${path()}: has ${size} bytes, but the torrent says ${file.length}`,
    )
  }
  return Number(mtimeNs / 1_000_000_000n)
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
  const more = odd.length > MAX_NAMED ? [`${odd.length - MAX_NAMED} more files`] : []
  const which = odd.length > 0 ? [...shown, ...more].join(', ') : 'pieces are damaged'
  return new BtkitError('changed', `${torrent}: its data is not whole: ${which}`)
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
