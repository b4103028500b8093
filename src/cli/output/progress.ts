import type { HashProgress } from '../../hash/jobs/job.js'
import { openBar } from './bar.js'
import type { Io } from '../io.js'
import { formatBytes } from '../../text/quantity.js'

/** A progress bar for work of one kind. */
export interface ProgressBar<T> {
  readonly update: (progress: T) => void
  /** Removes the bar until the next update, so that other lines can be printed. */
  readonly pause: () => void
  readonly stop: () => void
}

/** Opens a bar for hashing `total` bytes, or any number for null; null if nobody would see it. */
export async function openProgress(
  io: Io,
  total: number | null,
): Promise<ProgressBar<HashProgress> | null> {
  const bar = await openBar(io, total)
  if (!bar) return null
  return {
    update: ({ bytesDone, currentPath }) => {
      const whole = total === null ? '' : ` of ${formatBytes(total)}`
      const done = `${formatBytes(bytesDone)}${whole}`
      bar.update({ value: bytesDone, done, bytes: bytesDone, path: currentPath })
    },
    pause: bar.pause,
    stop: bar.stop,
  }
}
