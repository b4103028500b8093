import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { removeFile } from '../../base/directories.js'
import { BtkitError, callSystem, valueOr } from '../../base/errors.js'
import { InsideResolver } from '../../disk/look/inside.js'
import { readNames } from '../../disk/look/read-names.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { refuseLinkOfOthers } from '../../disk/write/target.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { listOf } from '../../metainfo/parse/file-list.js'
import { clientInfoHash } from '../publish/client.js'
import { findLocalData } from '../publish/local-data.js'
import type { VerifyContext } from '../verify/judge.js'
import type { VerifyReport } from '../verify/verify-report.js'
import { refuseUnsafePaths } from '../read-torrent.js'
import { checkTorrent, refuseDeepPaths } from '../verify/verify-torrent.js'

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
  refuseDeepPaths(metainfo.files, metainfo.name)
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
  const entries = callSystem(path, () => readNames(path))
  return entries.length > 0 && !entries.some((entry) => own.has(entry))
}

function renamed(metainfo: Metainfo, name: string): Metainfo {
  const { isDirectory, files } = metainfo
  const named = isDirectory ? files : files.map((file) => ({ ...file, path: [name] }))
  return { ...metainfo, name, files: named, fileList: listOf(named) }
}

/** The existing content of a torrent before a download. */
export interface FoundContent {
  /** Whether nothing must be downloaded. */
  readonly isWhole: boolean
  /** Whether it was read. If not, it counts as complete because of its sizes. */
  readonly isChecked: boolean
  /**
   * The modification time of each file in seconds since 1970; null if the content is incomplete.
   */
  readonly fileTimes: readonly number[] | null
}

const NOTHING: FoundContent = { isWhole: false, isChecked: true, fileTimes: null }

/**
 * Checks the content at a target.
 * @throws BtkitError as checkTorrent
 */
export async function checkContent(
  target: DownloadTarget,
  hashContext: VerifyContext,
): Promise<VerifyReport> {
  const { path, metainfo } = target
  const place = { torrent: metainfo.name, path: dirname(path), byName: true }
  const request = { metainfo, ...place, checkHashes: true, extra: false }
  return checkTorrent(request, (_, work) => work(hashContext))
}

/**
 * Examines the existing content of a torrent, and checks that a download overwrites only earlier
 * parts of it. Without `checkHashes`, files with the right sizes are trusted. With `force`, files
 * without any data of the torrent may be overwritten.
 * @throws BtkitError `exists` for other files at its place, and as checkContent
 */
export async function lookForContent(
  target: DownloadTarget,
  { checkHashes, force }: { readonly checkHashes: boolean; readonly force: boolean },
  hashContext: VerifyContext,
): Promise<FoundContent> {
  const sized = await findSized(target)
  if (sized !== null && !checkHashes) return { isWhole: true, isChecked: false, fileTimes: sized }
  if (!existsSync(target.path)) return NOTHING
  const report = await checkContent(target, hashContext)
  if (report.ok)
    return { isWhole: true, isChecked: true, fileTimes: sized ?? (await findSized(target)) }
  refuseOthers(target, report, force)
  return NOTHING
}

async function findSized({ path, metainfo }: DownloadTarget): Promise<readonly number[] | null> {
  try {
    return await findLocalData(metainfo, dirname(path))
  } catch (error) {
    if (error instanceof BtkitError) return null
    throw error
  }
}

function refuseOthers(target: DownloadTarget, report: VerifyReport, force: boolean): void {
  const { path, metainfo } = target
  const odd = report.files.find(({ reason }) => reason !== null)
  if (odd?.reason) throw new BtkitError('exists', `${[path, ...odd.path].join('/')}: ${odd.reason}`)
  const good = report.pieces - report.badPieces - report.uncheckedPieces
  const isEmpty = report.files.every(({ found }) => (found ?? 0) === 0)
  const isLonger = report.files.some(({ found, length }) => (found ?? 0) > length)
  if (force || isEmpty || (!isLonger && (good > 0 || isBegun(target)))) return
  const why = isLonger ? 'is longer than in the torrent' : 'nothing of it is in the torrent'
  throw new BtkitError(
    'exists',
    `${path}: already exists, and ${why} (--force overwrites ${metainfo.name})`,
  )
}

/**
 * Returns the path of a marker file beside a target. It shows that a download has begun before the
 * first piece is complete.
 */
function noteOf({ path }: DownloadTarget): string {
  return `${path}.btkit-part`
}

function isBegun(target: DownloadTarget): boolean {
  const path = noteOf(target)
  const note = valueOr('', () => callSystem(path, () => readFileSync(path, 'utf8')))
  return note === contentOfNote(target)
}

function contentOfNote({ metainfo }: DownloadTarget): string {
  return `${clientInfoHash(metainfo)}\n`
}

/** Creates the marker of a begun download. */
export function noteBegun(target: DownloadTarget): void {
  callSystem(noteOf(target), () => {
    writeFileSync(noteOf(target), contentOfNote(target))
  })
}

/** Removes the marker of a begun download. */
export function noteWhole(target: DownloadTarget): void {
  removeFile(noteOf(target))
}

/**
 * Creates the directories of a download, and its empty files, which not all clients create.
 * @throws BtkitError `not-permitted` or `io`
 */
export function makeRoom({ path, metainfo: { isDirectory, files } }: DownloadTarget): void {
  const directory = isDirectory ? path : dirname(path)
  for (const each of [dirname(path), directory]) refuseLinkOfOthers(each)
  callSystem(directory, () => mkdirSync(directory, { recursive: true }))
  if (!isDirectory) return
  const inside = new InsideResolver(directory)
  for (const { path: below, length, padding, attr } of files) {
    const isEmpty = length === 0 && !padding && !attr.includes('l')
    if (!isEmpty || inside.resolve(below).kind !== 'missing') continue
    const file = join(directory, ...below)
    callSystem(file, () => {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, '', { flag: 'a' })
    })
  }
}

/** The permission bits of a mode. */
const PERMISSIONS = 0o7777

/**
 * Creates a temporary directory inside `parent`, which is created if it is missing. It gets the permissions
 * of `parent`, because a client may run as another user.
 * @throws BtkitError `not-permitted` or `io`
 */
export function makeScratchDirectory(parent: string) {
  return callSystem(parent, () => {
    mkdirSync(parent, { recursive: true })
    const localDirectory = mkdtempSync(join(parent, '.btkit-'))
    chmodSync(localDirectory, statSync(parent).mode & PERMISSIONS)
    const remove = () => {
      rmSync(localDirectory, { recursive: true, force: true, maxRetries: 3 })
    }
    return { localDirectory, remove }
  })
}
