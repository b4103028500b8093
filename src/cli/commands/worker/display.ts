import type { WorkProgress, WorkTotals } from '../../../fleet/work-tally.js'
import { count, formatBytes } from '../../../text/quantity.js'
import type { Io } from '../../io.js'
import { openProgress, type ProgressBar } from '../../output/progress.js'

/** A progress bar while a worker has jobs. */
export class WorkDisplay {
  #bar: Promise<ProgressBar<WorkProgress> | null> | null = null

  constructor(private readonly io: Io) {}

  /** Shows progress; null hides it. */
  readonly show = (progress: WorkProgress | null): void => {
    if (progress === null) void this.hide()
    else void this.#update(progress)
  }

  async #update(progress: WorkProgress): Promise<void> {
    const bar = await (this.#bar ??= openProgress(this.io, null))
    bar?.update(progress)
  }

  /** Removes the bar until the next progress, so that other lines can be printed. */
  async pause(): Promise<void> {
    const bar = await this.#bar
    bar?.pause()
  }

  async hide(): Promise<void> {
    const hidden = this.#bar
    this.#bar = null
    const bar = await hidden
    bar?.stop()
  }
}

/** Says what became of a worker's jobs: `12 jobs done (3 GiB), 1 attempt failed`. */
export function totalsText({ done, bytes, failed }: WorkTotals): string {
  const failures = failed === 0 ? '' : `, ${count(failed, 'attempt')} failed`
  return `${count(done, 'job')} done (${formatBytes(bytes)})${failures}\n`
}
