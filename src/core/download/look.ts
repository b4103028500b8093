import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { BtkitError, callSystem, valueOr } from '../../errors.js'
import { clientInfoHash } from '../publish/client.js'
import { findLocalData } from '../publish/local-data.js'
import type { VerifyContext } from '../verify/check-sides.js'
import type { VerifyReport } from '../verify/verify-report.js'
import { bytesToRead, planVerify, verifyTorrent } from '../verify/verify-torrent.js'
import { checkOf, type DownloadTarget } from './target.js'

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

/** Options for examining content. */
export interface LookOptions {
  /** Whether to read files with the right sizes, instead of trusting them. */
  readonly checkHashes: boolean
  /** Whether to download over files without any data of the torrent. */
  readonly force: boolean
}

/**
 * Checks the content at a target.
 * @param onPlan called with the number of bytes to read before reading begins
 * @throws BtkitError as planVerify and verifyTorrent
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
 * Examines the existing content of a torrent, and checks that a download overwrites only earlier
 * parts of it.
 * @throws BtkitError `exists` for other files at its place, and as checkContent
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
  return valueOr(null, () => findLocalData(metainfo, dirname(path)).times)
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
  try {
    return readFileSync(noteOf(target), 'utf8') === `${clientInfoHash(target.metainfo)}\n`
  } catch {
    return false
  }
}

/** Creates the marker of a begun download. */
export function noteBegun(target: DownloadTarget): void {
  callSystem(noteOf(target), () => {
    writeFileSync(noteOf(target), `${clientInfoHash(target.metainfo)}\n`)
  })
}

/** Removes the marker of a begun download. */
export function noteWhole(target: DownloadTarget): void {
  callSystem(noteOf(target), () => {
    rmSync(noteOf(target), { force: true })
  })
}
