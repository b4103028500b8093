import type { Interval } from '../../../core/verify/ranges.js'
import type { FileStatus, VerifiedFile, VerifyReport } from '../../../core/verify/report.js'
import { escapeText } from '../../../text/escape.js'
import { jsonLine } from '../../../text/json-line.js'
import { count, formatBytes } from '../../output/quantity.js'

/** A report for programs: one line of JSON. */
export function verifyJson(
  { ok, pieces, badPieces, files }: VerifyReport,
  { torrent, seconds }: { torrent: string; seconds: number },
): string {
  return jsonLine({
    torrent,
    ok,
    pieces,
    badPieces,
    files: files.map(({ path, length, status, ranges }) => {
      return { path: path.join('/'), length, status, ranges }
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

const STATUS_WIDTH = 'damaged'.length

function fileLine(file: VerifiedFile): string {
  const details = [
    ...(file.reason === null ? [] : [`in its place is ${file.reason}`]),
    ...sizeOf(file),
    ...(file.status === 'missing' ? [] : rangesOf(file.ranges)),
  ]
  const path = file.path.join('/')
  const line = `${file.status.padEnd(STATUS_WIDTH)}  ${path}`
  return details.length === 0 ? line : `${line}: ${details.join('; ')}`
}

function sizeOf({ status, length, found }: VerifiedFile): string[] {
  if (status !== 'short' && status !== 'long') return []
  return [`${found ?? 0} bytes, not ${length}`]
}

/** Bytes as HTTP counts them in a Range, so that the last one is among them. */
function rangesOf(ranges: readonly Interval[]): string[] {
  if (ranges.length === 0) return []
  const shown = ranges.slice(0, MAX_RANGES).map(([from, to]) => `${from}-${to - 1}`)
  const rest = ranges.length - shown.length
  return [`bad bytes ${shown.join(', ')}${rest > 0 ? ` and ${count(rest, 'more range')}` : ''}`]
}

function summary({ ok, pieces, badPieces, files }: VerifyReport): string {
  const own = files.filter(({ status }) => status !== 'extra')
  const size = own.reduce((sum, { length }) => sum + length, 0)
  const whole = `${count(own.length, 'file')}, ${formatBytes(size)} in ${count(pieces, 'piece')}`
  const extra = files.length - own.length
  const beside = extra > 0 ? `; ${count(extra, 'extra file')}` : ''
  if (ok) return `whole: ${whole}${beside}`
  const bad = `${badPieces} of ${count(pieces, 'piece')} bad`
  return `not whole: ${[bad, ...tally(own)].join(', ')}${beside}`
}

/** How many files there are of each bad kind: `1 missing`, `2 damaged`. */
function tally(files: readonly VerifiedFile[]): string[] {
  return BAD.flatMap((status) => {
    const n = files.filter((file) => file.status === status).length
    return n > 0 ? [`${n} ${status}`] : []
  })
}

const BAD: readonly FileStatus[] = ['missing', 'short', 'long', 'damaged']
