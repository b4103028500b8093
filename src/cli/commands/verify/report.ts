import type { Interval } from '../../../core/verify/pieces.js'
import { FILE_STATUSES, type VerifiedFile, type VerifyReport } from '../../../core/verify/report.js'
import { escapeText } from '../../../text/escape.js'
import { jsonLine } from '../../../text/json-line.js'
import { count, formatBytes } from '../../output/quantity.js'

/** A report for programs: one line of JSON. */
export function verifyJson(
  { ok, pieces, badPieces, uncheckedPieces, files }: VerifyReport,
  { torrent, seconds }: { torrent: string; seconds: number },
): string {
  return jsonLine({
    torrent,
    ok,
    pieces,
    badPieces,
    uncheckedPieces,
    files: files.map(({ path, length, status, reason, ranges, unchecked }) => {
      return { path: path.join('/'), length, status, reason, ranges, unchecked }
    }),
    seconds,
  })
}

/** More lines than this help nobody; `--json` has them all. */
const MAX_FILES = 50
const MAX_RANGES = 4

/** A report for people: a line for each file that is not as it should be, then a summary. */
export function verifyLines(report: VerifyReport, torrent: string): string[] {
  const odd = report.files.filter(({ status }) => status !== 'ok')
  const rest = odd.length - MAX_FILES
  const lines = [
    ...odd.slice(0, MAX_FILES).map(fileLine),
    ...(rest > 0 ? [`… and ${count(rest, 'more file')} (--json lists all)`] : []),
    `${torrent}: ${summary(report)}`,
  ]
  return lines.map((line) => `${escapeText(line)}\n`)
}

const STATUS_WIDTH = 'unreadable'.length

function fileLine(file: VerifiedFile): string {
  const details = [
    ...(file.reason === null ? [] : [file.reason]),
    ...sizeOf(file),
    ...rangesOf('bad', file.ranges),
    ...(isAll(file) ? [] : rangesOf('unchecked', file.unchecked)),
  ]
  const path = file.path.join('/')
  const line = `${file.status.padEnd(STATUS_WIDTH)}  ${path}`
  return details.length === 0 ? line : `${line}: ${details.join('; ')}`
}

function sizeOf({ status, length, found }: VerifiedFile): string[] {
  if (status !== 'short' && status !== 'long') return []
  return [`${found ?? 0} bytes, not ${length}`]
}

/** Whether no byte of a file could be checked, as its status says well enough. */
function isAll({ length, unchecked: [first] }: VerifiedFile): boolean {
  return first !== undefined && first[1] - first[0] === length
}

/** Bytes as HTTP counts them in a Range, so that the last one is among them. */
function rangesOf(what: string, ranges: readonly Interval[]): string[] {
  if (ranges.length === 0) return []
  const shown = ranges.slice(0, MAX_RANGES).map(([from, to]) => `${from}-${to - 1}`)
  const rest = ranges.length - shown.length
  return [`${what} bytes ${shown.join(', ')}${rest > 0 ? ` and ${count(rest, 'more range')}` : ''}`]
}

function summary(report: VerifyReport): string {
  const own = report.files.filter(({ status }) => status !== 'extra')
  const extra = report.files.length - own.length
  const beside = extra > 0 ? `; ${count(extra, 'extra file')}` : ''
  if (!report.ok) return `not whole: ${[...countBad(report), ...tally(own)].join(', ')}${beside}`
  const size = own.reduce((sum, { length }) => sum + length, 0)
  const pieces = count(report.pieces, 'piece')
  return `whole: ${count(own.length, 'file')}, ${formatBytes(size)} in ${pieces}${beside}`
}

/** What is wrong with the pieces; without hashes nothing is known of any. */
function countBad({ pieces, badPieces, uncheckedPieces }: VerifyReport): string[] {
  if (uncheckedPieces === pieces) return []
  const unchecked = uncheckedPieces > 0 ? `, ${uncheckedPieces} unchecked` : ''
  return [`${badPieces} of ${count(pieces, 'piece')} bad${unchecked}`]
}

/** How many files there are of each status: `1 missing`, `2 damaged`. */
function tally(files: readonly VerifiedFile[]): string[] {
  return FILE_STATUSES.filter((status) => status !== 'ok').flatMap((status) => {
    const n = files.filter((file) => file.status === status).length
    return n > 0 ? [`${n} ${status}`] : []
  })
}
