import type { HashProgress } from '../../hash/jobs/job.js'
import { openBar } from './bar.js'
import type { Io } from '../io.js'
import { formatBytes } from '../../text/quantity.js'

/** What a terminal sees of work under way. */
export interface ProgressBar<T> {
  readonly update: (progress: T) => void
  /** Takes the bar away, so that other lines can be printed, until the next update. */
  readonly pause: () => void
  readonly stop: () => void
}

/** Opens a bar over the `total` bytes of one content; null where nobody would see it. */
export async function openProgress(
  io: Io,
  total: number,
): Promise<ProgressBar<HashProgress> | null> {
  const bar = await openBar(io, total)
  if (!bar) return null
  return {
    update: ({ bytesDone, currentPath }) => {
      const done = `${formatBytes(bytesDone)} of ${formatBytes(total)}`
      bar.update({ value: bytesDone, done, bytes: bytesDone, path: currentPath })
    },
    pause: bar.pause,
    stop: bar.stop,
  }
}
