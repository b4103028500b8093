import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { asBtkitError, BtkitError } from '../../errors.js'
import { clientInfoHash } from '../publish/client.js'
import { findLocalData } from '../publish/local-data.js'
import type { VerifyContext } from '../verify/check-sides.js'
import type { VerifyReport } from '../verify/report.js'
import { bytesToRead, planVerify, verifyTorrent } from '../verify/verify-torrent.js'
import { checkOf, type DownloadTarget } from './target.js'

/** What is there of a torrent before it is downloaded. */
export interface FoundContent {
  /** Whether nothing has to be downloaded. */
  readonly isWhole: boolean
  /** Whether it was read, rather than taken to be whole for its sizes. */
  readonly isChecked: boolean
  /** The modification time of each of its files in seconds since 1970; null when it is not whole. */
  readonly fileTimes: readonly number[] | null
}

const NOTHING: FoundContent = { isWhole: false, isChecked: true, fileTimes: null }

/** How to look at content. */
export interface LookOptions {
  /** Whether what has the right sizes is read, rather than taken to be whole. */
  readonly checkHashes: boolean
  /** Whether to download over files of which nothing is the torrent's. */
  readonly force: boolean
}

/**
 * Checks content at a target.
 * @param onPlan hears how many bytes will be read, before they are
 * @throws BtkitError those of planVerify and verifyTorrent
 */
export async function checkContent(
  target: DownloadTarget,
  hashContext: VerifyContext,
  onPlan: (byteCount: number) => Promise<void> = () => Promise.resolve(),
): Promise<VerifyReport> {
  const plan = await planVerify({ ...checkOf(target), checkHashes: true, extra: false })
  await onPlan(bytesToRead(plan))
  return verifyTorrent(plan, hashContext)
}

/**
 * Looks what of a torrent is there, and makes sure that a download overwrites nothing but an earlier
 * part of the same.
 * @throws BtkitError `exists` for other files in its place, and those of checkContent
 */
export async function lookForContent(
  target: DownloadTarget,
  { checkHashes, force }: LookOptions,
  hashContext: VerifyContext,
): Promise<FoundContent> {
  const sized = findSized(target)
  if (sized !== null && !checkHashes) return { isWhole: true, isChecked: false, fileTimes: sized }
  if (!existsSync(target.path)) return NOTHING
  const report = await checkContent(target, hashContext)
  if (report.ok) return { isWhole: true, isChecked: true, fileTimes: sized ?? findSized(target) }
  refuseOthers(target, report, force)
  return NOTHING
}

function findSized({ path, metainfo }: DownloadTarget): readonly number[] | null {
  try {
    return findLocalData(metainfo, dirname(path)).times
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
  const why = isLonger
    ? 'longer than what the torrent has'
    : 'nothing of it is what the torrent has'
  throw new BtkitError(
    'exists',
    `${path}: is there, and ${why} (--force overwrites ${metainfo.name})`,
  )
}

/**
 * The file beside a target that says which torrent is being downloaded there: until the first piece
 * is whole nothing else tells.
 */
function noteOf({ path }: DownloadTarget): string {
  return `${path}.btkit-part`
}

function isBegun(target: DownloadTarget): boolean {
  try {
    return readFileSync(noteOf(target), 'utf8') === `${clientInfoHash(target.metainfo)}\n`
  } catch {
    return false
  }
}

/** Notes beside a target that its download has begun. */
export function noteBegun(target: DownloadTarget): void {
  try {
    writeFileSync(noteOf(target), `${clientInfoHash(target.metainfo)}\n`)
  } catch (error) {
    throw asBtkitError(error, noteOf(target))
  }
}

/** Takes that note away. */
export function noteWhole(target: DownloadTarget): void {
  try {
    rmSync(noteOf(target), { force: true })
  } catch (error) {
    throw asBtkitError(error, noteOf(target))
  }
}
