import { resolve } from 'node:path'
import { pathIn } from '../../core/verify/locate.js'
import type { Interval } from '../../core/verify/pieces.js'
import {
  FILE_STATUSES,
  sizesOf,
  type VerifiedFile,
  type VerifyReport,
} from '../../core/verify/verify-report.js'
import type { VerifiedTorrent } from '../../core/verify/verify-torrents.js'
import { shownUrl } from '../../base/text/secrets.js'
import { BtkitError } from '../../base/errors.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { contentSize } from '../../metainfo/metainfo.js'
import { torrentValue } from './torrent-json.js'
import { count, formatBytes } from '../../base/text/quantity.js'

/** Number of torrents by result. */
export interface Tally {
  whole: number
  notWhole: number
  failed: number
}

/** A report for programs. */
export function verifyValue({ torrent, metainfo, report }: VerifiedTorrent, seconds: number) {
  const { ok, pieces, badPieces, uncheckedPieces, disagreeingPieces, v2Refusal } = report
  return torrentValue(torrent, metainfo, {
    ok,
    pieces,
    badPieces,
    uncheckedPieces,
    disagreeingPieces,
    files: report.files.map(({ path, length, status, reason, ...bytes }) => {
      const { ranges, blockRanges, disagreed, unchecked } = bytes
      return {
        path: path.join('/'),
        length,
        status,
        reason,
        ranges,
        blockRanges,
        disagreed,
        unchecked,
      }
    }),
    seconds,
    failure: v2Refusal === null ? null : new BtkitError('metainfo', refusalOf(v2Refusal)),
  })
}

function refusalOf(v2Refusal: string): string {
  return `version 2 was not checked: ${v2Refusal}`
}

/** A torrent that could not be checked, in the same form. */
export function uncheckedValue(torrent: string, error: Error, seconds: number) {
  const unknown = { pieces: null, badPieces: null, uncheckedPieces: null, disagreeingPieces: null }
  const result = { ok: false, ...unknown, files: [], seconds }
  return torrentValue(torrent, null, { ...result, failure: error })
}

/** The most files and ranges that are printed. `--json` has all. */
const MAX_FILES = 50
const MAX_RANGES = 4

/** A torrent and the report on its files. */
type Checked = Omit<VerifiedTorrent, 'error'>

/** Formats a report for people: a line for each file with a problem, then a summary. */
export function linesOfOne(checked: Checked, cwd: string): string[] {
  return [...fileLines(checked.report, cwd), summary(checked)]
}

/** Formats the report of one of several torrents: its summary, then indented lines for files. */
export function linesOfSeveral(checked: Checked, cwd: string): string[] {
  const files = fileLines(checked.report, cwd).map((line) => `  ${line}`)
  return [summary(checked), ...files]
}

/** The last line for several torrents: `3 torrents: 2 whole, 1 failed`. */
export function sumLine({ whole, notWhole, failed }: Tally): string {
  const parts = [
    ...(whole > 0 ? [`${whole} whole`] : []),
    ...(notWhole > 0 ? [`${notWhole} not whole`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  const all = count(whole + notWhole + failed, 'torrent')
  return parts.length > 0 ? `${all}: ${parts.join(', ')}` : all
}

function fileLines({ problems, place }: VerifyReport, cwd: string): string[] {
  const rest = problems.length - MAX_FILES
  const placeOf = (file: VerifiedFile) => {
    const path = pathIn(place, file.path)
    return looksLikeUrl(path) ? shownUrl(path) : resolve(cwd, path)
  }
  const lineOf = (file: VerifiedFile) => fileLine(file, () => placeOf(file))
  if (rest <= 0) return problems.map(lineOf)
  // Files that only share a piece with bad ones must not crowd these out
  const isShared = ({ status }: VerifiedFile) => status === 'unchecked' || status === 'suspect'
  const shared = problems.filter(isShared)
  const first = [...problems.filter((file) => !isShared(file)), ...shared].slice(0, MAX_FILES)
  return [...first.map(lineOf), `… and ${count(rest, 'more file')} (--json lists all)`]
}

const STATUS_WIDTH = 'unreadable'.length

function fileLine(file: VerifiedFile, place: () => string): string {
  const isAbsent = file.status === 'missing' && file.reason === null
  const unread = file.status === 'unchecked' && isAll(file) ? UNREAD : null
  const reason = isAbsent ? `not found: ${place()}` : (file.reason ?? unread)
  const details = [
    ...(reason === null ? [] : [reason]),
    ...(file.status === 'short' || file.status === 'long' ? [sizesOf(file)] : []),
    ...rangesOf('bad', file.ranges),
    ...closerRanges(file),
    ...rangesOf('the versions disagree on', file.disagreed),
    ...(isAll(file) ? [] : rangesOf('unchecked', file.unchecked)),
  ]
  const path = file.path.join('/')
  const line = `${file.status.padEnd(STATUS_WIDTH)}  ${path}`
  return details.length === 0 ? line : `${line}: ${details.join('; ')}`
}

const UNREAD = 'shares a piece with bytes that are missing or unreadable'

/** The bad blocks within bad pieces, if they are known. */
function closerRanges({ ranges, blockRanges }: VerifiedFile): string[] {
  if (blockRanges === null || countBytes(blockRanges) === countBytes(ranges)) return []
  return rangesOf('bad blocks:', blockRanges)
}

function countBytes(ranges: readonly Interval[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0)
}

/** Whether no byte of a file could be checked; then ranges say no more. */
function isAll({ length, unchecked: [first] }: VerifiedFile): boolean {
  return first !== undefined && first[1] - first[0] === length
}

/** Formats ranges like HTTP does: the last byte belongs to the range. */
function rangesOf(what: string, ranges: readonly Interval[]): string[] {
  if (ranges.length === 0) return []
  const shown = ranges.slice(0, MAX_RANGES).map(([from, to]) => `${from}-${to - 1}`)
  const rest = ranges.length - shown.length
  return [`${what} bytes ${shown.join(', ')}${rest > 0 ? ` and ${count(rest, 'more range')}` : ''}`]
}

function summary({ torrent, metainfo, report }: Checked): string {
  const own = report.problems.filter(({ status }) => status !== 'extra')
  const extra = report.problems.length - own.length
  const beside = extra > 0 ? `; ${count(extra, 'extra file')}` : ''
  const refusal = report.v2Refusal === null ? '' : `; ${refusalOf(report.v2Refusal)}`
  if (!isWhole(report)) {
    const faults = [...countBad(report), ...countFiles(own)].join('; ')
    return `${torrent}: not whole: ${faults}${sayDisagreement(report)}${refusal}${beside}`
  }
  const { count: all, padCount } = metainfo.fileList
  const files = count(all - padCount, 'file')
  const content = `${files}, ${formatBytes(contentSize(metainfo))} in ${count(report.pieces, 'piece')}`
  return `${torrent}: ${verdict(report)}: ${content}${refusal}${beside}`
}

/** The result in words, for content without a fault. */
function verdict({ pieces, uncheckedPieces, v2Refusal }: VerifyReport): string {
  if (pieces > 0 && uncheckedPieces === pieces)
    return 'the right size, not read (--no-check-hashes)'
  return v2Refusal === null ? 'whole' : 'whole by version 1'
}

/** Whether nothing is wrong in what was checked. */
function isWhole({ ok, v2Refusal, badPieces, problems }: VerifyReport): boolean {
  if (v2Refusal === null) return ok
  return badPieces === 0 && problems.every(({ status }) => status === 'extra')
}

function sayDisagreement({ disagreeingPieces }: VerifyReport): string {
  if (disagreeingPieces === 0) return ''
  const pieces = count(disagreeingPieces, 'piece')
  return `; the torrent's two versions disagree on ${pieces}, so no content is whole by both`
}

/** Number of bad pieces. Empty if no hash was checked. */
function countBad({ pieces, badPieces, uncheckedPieces }: VerifyReport): string[] {
  if (uncheckedPieces === pieces) return []
  const unchecked = uncheckedPieces > 0 ? `, ${uncheckedPieces} unchecked` : ''
  return [`pieces: ${badPieces} bad${unchecked} of ${pieces}`]
}

/** Number of files by status: `files: 1 missing, 2 damaged`. Empty if all are whole. */
function countFiles(files: readonly VerifiedFile[]): string[] {
  const counts = FILE_STATUSES.filter((status) => status !== 'ok').flatMap((status) => {
    const n = files.filter((file) => file.status === status).length
    return n > 0 ? [`${n} ${status}`] : []
  })
  return counts.length > 0 ? [`files: ${counts.join(', ')}`] : []
}
