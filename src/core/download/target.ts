import { readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { callSystem } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { refuseUnsafePaths } from '../verify/verify-torrent.js'

/** The place for the content of a torrent. */
export interface DownloadTarget {
  /** The file, or the directory of several files; links are resolved if it exists. */
  readonly path: string
  /** The torrent under the name that its content has there, for checks. */
  readonly metainfo: Metainfo
}

/**
 * Chooses the place of a torrent's content as BitTornado does: `saveAs` if given, else the
 * torrent's name in the directory `saveTo`. An existing directory without any of the torrent's
 * files gets the content under the torrent's name. Both paths are absolute.
 * @throws BtkitError `unsafe-path` for a torrent with unsafe paths; `io` and others if a
 *   directory cannot be read
 */
export function chooseTarget(
  metainfo: Metainfo,
  { saveAs, saveTo }: { readonly saveAs: string | null; readonly saveTo: string },
): DownloadTarget {
  refuseUnsafePaths(metainfo, metainfo.name)
  const wanted = saveAs ?? join(saveTo, metainfo.name)
  const isInside = saveAs !== null && isOtherDirectory(saveAs, metainfo)
  const chosen = isInside ? join(saveAs, metainfo.name) : wanted
  const path = statIfThere(chosen) ? realpathSync.native(chosen) : chosen
  return { path, metainfo: renamed(metainfo, basename(path)) }
}

/** Whether there is a directory without any of the torrent's files. */
function isOtherDirectory(path: string, { isDirectory, files }: Metainfo): boolean {
  if (!statIfThere(path)?.isDirectory()) return false
  if (!isDirectory) return true
  const own = new Set(files.map(({ path: [first = ''] }) => first))
  const entries = entriesOf(path)
  return entries.length > 0 && !entries.some((entry) => own.has(entry))
}

function entriesOf(directory: string): string[] {
  return callSystem(directory, () => readdirSync(directory))
}

function renamed(metainfo: Metainfo, name: string): Metainfo {
  const { isDirectory, files } = metainfo
  const named = isDirectory ? files : files.map((file) => ({ ...file, path: [name] }))
  return { ...metainfo, name, files: named }
}

/** Returns the arguments of planVerify for a target. */
export function checkOf({ path, metainfo }: DownloadTarget) {
  return { metainfo, torrent: metainfo.name, path: dirname(path), byName: true }
}
