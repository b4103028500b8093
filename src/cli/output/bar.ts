import stringWidth from 'string-width'
import { basename } from 'node:path'
import { escapeText } from '../../base/text/escape.js'
import type { Io } from '../io.js'
import { formatBytes, formatDuration } from '../../base/text/quantity.js'
import { isScreen } from './messages.js'
import type { HashProgress } from '../../disk/hash/jobs/job.js'

/** A progress bar. */
export interface ProgressBar {
  readonly update: (progress: HashProgress) => void
  /** Removes the bar until the next update, so that other lines can be printed. */
  readonly pause: () => void
  readonly stop: () => void
}

/** Columns for the file name on a narrow terminal, and for the rest of the line. */
const MIN_NAME_WIDTH = 8
const OTHER_WIDTH = 64

const BAR = '{percentage}% {bar} {done} {rate} {left} {file}'

/** The columns that a terminal needs at least, and the parts of the bar that fit there. */
const NARROW = [
  [OTHER_WIDTH + MIN_NAME_WIDTH, BAR],
  [OTHER_WIDTH, '{percentage}% {bar} {done} {rate} {left}'],
  [OTHER_WIDTH - 13, '{percentage}% {done} {rate} {left}'],
  [0, '{percentage}% {rate} {left}'],
] as const

/** The format for work whose total is unknown. */
const COUNTER = '{done} {rate} {file}'

/**
 * Opens a progress bar on standard error for `total` bytes; for null, it only counts. Returns null
 * if that is not a terminal or cannot show a bar. cli-progress is loaded only when needed.
 */
export async function openProgress(io: Io, total: number | null): Promise<ProgressBar | null> {
  if (!isScreen(io.stderr, io.env)) return null
  const { default: cliProgress } = await import('cli-progress')
  const started = io.monotonic()
  const columns = io.stderr.columns || 80
  const nameWidth = Math.max(MIN_NAME_WIDTH, columns - OTHER_WIDTH)
  const narrow = NARROW.find(([least]) => columns >= least)?.[1] ?? BAR
  const bar = new cliProgress.SingleBar({
    stream: io.stderr as unknown as NodeJS.WritableStream,
    format: total === null ? COUNTER : narrow,
    barsize: 12,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
    // Signals are handled in main.ts, not by the bar
    gracefulExit: false,
  })
  const start = (value: number) => {
    bar.start(total ?? Number.MAX_SAFE_INTEGER, value, { done: '', rate: '', left: '', file: '' })
  }
  let isPaused = false
  start(0)
  const update = ({ bytesDone, currentPath }: HashProgress) => {
    if (isPaused) start(bytesDone)
    isPaused = false
    const seconds = Math.max((io.monotonic() - started) / 1000, 0.001)
    const left = total === null ? Infinity : (total / bytesDone - 1) * seconds
    bar.update(bytesDone, {
      done: `${formatBytes(bytesDone)}${total === null ? '' : ` of ${formatBytes(total)}`}`,
      rate: `${formatBytes(bytesDone / seconds)}/s`,
      left: Number.isFinite(left) ? `${formatDuration(left)} left` : '',
      file: fitColumns(escapeText(basename(currentPath)), nameWidth).trimEnd(),
    })
  }
  return {
    update,
    pause: () => {
      isPaused = true
      bar.stop()
    },
    stop: () => {
      bar.stop()
    },
  }
}

/** Most texts, also with the mark of those that were cut: each character takes one column. */
const PLAIN = /^[ -~…]*$/

/** Width of text on a terminal. East Asian characters and emoji take two columns. */
export function columnsOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text)
}

/**
 * Fits text into exactly `columns` columns: pads it with spaces, or cuts it and adds an ellipsis.
 */
export function fitColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return padColumns(text, columns)
  return padColumns(`${cutColumns(text, columns - 1)}…`, columns)
}

/** The beginning of a text that fits into a number of columns. Characters are never split. */
export function cutColumns(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, columns))
  let [end, left] = [0, columns]
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    left -= columnsOf(segment)
    if (left < 0) break
    end = index + segment.length
  }
  return text.slice(0, end)
}

/**
 * Splits text into lines of at most `columns` columns, between words if possible. Lines for a
 * terminal of one column have two, because characters may.
 * wrap-ansi and cli-truncate would do it, but loading them takes a sixth of Node's start, and
 * cli-truncate exceeds the width by half a character.
 */
export function wrapColumns(text: string, wanted: number): string[] {
  const columns = Math.max(2, wanted)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (columnsOf(line) > columns) {
      const head = cutColumns(line, columns)
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line]
}

function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}
