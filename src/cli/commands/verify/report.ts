import type { Interval } from '../../../core/verify/pieces.js'
import { FILE_STATUSES, type VerifiedFile, type VerifyReport } from '../../../core/verify/report.js'
import type { FailedCheck } from '../../../core/verify/verify-torrents.js'
import { escapeText } from '../../../text/escape.js'
import { jsonLine } from '../../../text/json-line.js'
import { count, formatBytes } from '../../output/quantity.js'

/** How many torrents came out how. */
export interface Tally {
  whole: number
  notWhole: number
  failed: number
}

/** A report for programs: one line of JSON. */
export function verifyJson(
  { ok, pieces, badPieces, uncheckedPieces, files }: VerifyReport,
  { torrent, seconds }: { readonly torrent: string; readonly seconds: number },
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
    error: null,
  })
}

/** The same for a torrent that could not be checked. */
export function failureJson({ torrent, error }: FailedCheck, seconds: number): string {
  const unknown = { pieces: null, badPieces: null, uncheckedPieces: null, files: [] }
  return jsonLine({ torrent, ok: false, ...unknown, seconds, error: error.message })
}

/** More lines than this help nobody; `--json` has them all. */
const MAX_FILES = 50
const MAX_RANGES = 4

/** A report for people: a line for each file that is not as it should be, then a summary. */
export function linesOfOne(report: VerifyReport, torrent: string): string {
  return asText([...fileLines(report), `${torrent}: ${summary(report)}`])
}

/** The same for one of several torrents: what belongs to it stands below it. */
export function linesOfSeveral(report: VerifyReport, torrent: string): string {
  const files = fileLines(report).map((line) => `  ${line}`)
  return asText([`${torrent}: ${summary(report)}`, ...files])
}

/** What became of all torrents: `3 torrents: 2 whole, 1 failed`. */
export function sumLine({ whole, notWhole, failed }: Tally): string {
  const parts = [
    ...(whole > 0 ? [`${whole} whole`] : []),
    ...(notWhole > 0 ? [`${notWhole} not whole`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  const all = count(whole + notWhole + failed, 'torrent')
  return asText([parts.length > 0 ? `${all}: ${parts.join(', ')}` : all])
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => `${escapeText(line)}\n`).join('')
}

function fileLines({ files }: VerifyReport): string[] {
  const odd = files.filter(({ status }) => status !== 'ok')
  const rest = odd.length - MAX_FILES
  const more = rest > 0 ? [`… and ${count(rest, 'more file')} (--json lists all)`] : []
  return [...odd.slice(0, MAX_FILES).map(fileLine), ...more]
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
  if (!report.ok)
    return `not whole: ${[...countBad(report), ...countFiles(own)].join(', ')}${beside}`
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
function countFiles(files: readonly VerifiedFile[]): string[] {
  return FILE_STATUSES.filter((status) => status !== 'ok').flatMap((status) => {
    const n = files.filter((file) => file.status === status).length
    return n > 0 ? [`${n} ${status}`] : []
  })
}
