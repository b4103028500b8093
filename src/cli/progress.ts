import { basename } from 'node:path'
import type { HashProgress } from '../hash/job.js'
import { escapeText } from '../metainfo/escape-text.js'
import type { Io } from './io.js'
import { formatBytes, formatDuration } from './quantity.js'

/** A progress bar for hashing. */
export interface ProgressBar {
  readonly update: (progress: HashProgress) => void
  readonly stop: () => void
}

/** Columns that the file's name is left of a narrow terminal. */
const MIN_NAME_WIDTH = 8
const OTHER_WIDTH = 64

/**
 * Opens a bar over `total` bytes on standard error; null where that is no terminal. cli-progress
 * is loaded only when a bar is to be seen.
 */
export async function openProgress(io: Io, total: number): Promise<ProgressBar | null> {
  if (io.stderr.isTTY !== true) return null
  const { default: cliProgress } = await import('cli-progress')
  const started = io.now()
  const nameWidth = Math.max(MIN_NAME_WIDTH, (io.stderr.columns ?? 80) - OTHER_WIDTH)
  const bar = new cliProgress.SingleBar({
    stream: io.stderr as unknown as NodeJS.WritableStream,
    format: '{percentage}% {bar} {done} {rate} {left} {file}',
    barsize: 12,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
    // It would handle signals itself, which is main.ts's
    gracefulExit: false,
  })
  const update = ({ bytesDone, currentPath }: HashProgress) => {
    const rate = bytesDone / Math.max((io.now() - started) / 1000, 0.001)
    bar.update(bytesDone, {
      done: `${formatBytes(bytesDone)} of ${formatBytes(total)}`,
      rate: `${formatBytes(rate)}/s`,
      left: rate > 0 ? `${formatDuration((total - bytesDone) / rate)} left` : '',
      file: escapeText(basename(currentPath)).slice(0, nameWidth),
    })
  }
  bar.start(total, 0, { done: '', rate: '', left: '', file: '' })
  return {
    update,
    stop: () => {
      bar.stop()
    },
  }
}
