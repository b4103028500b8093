import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import { parseTrackerLines, type TrackerList } from './tracker-list.js'
import type { ServerContext } from '../../server/context.js'

/** The largest trackers file that is read, in bytes. */
const MAX_SIZE = 1024 * 1024

/** How many wrong lines are reported; more are counted. */
const MAX_REPORTS = 10

export interface TrackerFileParts extends Pick<ServerContext, 'now'> {
  readonly path: string
  /** Hears what is wrong; work goes on. */
  readonly report: (message: string) => void
}

/** The trackers in a file, which may change at any time. */
export class TrackerFile {
  #current: TrackerList | null = null
  #seen: string | null = null
  #problem = ''

  readonly #parts: TrackerFileParts

  constructor(parts: TrackerFileParts) {
    this.#parts = parts
  }

  /** The last good list, or null when there was none yet. */
  get current(): TrackerList | null {
    return this.#current
  }

  /** What is wrong with the file now, or nothing. */
  get problem(): string {
    return this.#problem
  }

  /**
   * Reads the file if it changed since it was last read, or in any case when `isForced`. While it
   * can't be read or names no tracker, the last good list stays.
   */
  async refresh(isForced = false): Promise<void> {
    const { path } = this.#parts
    try {
      const file = await readRegular(path, MAX_SIZE, isForced ? null : this.#seen)
      if (!file) return
      this.#take(new TextDecoder().decode(file.bytes))
      this.#seen = file.state
    } catch (error) {
      this.#seen = null
      this.#complain(error)
    }
  }

  #take(text: string): void {
    const { path, report } = this.#parts
    const { urls, problems } = parseTrackerLines(text)
    for (const problem of problems.slice(0, MAX_REPORTS)) report(`${path}: ${problem}`)
    const more = problems.length - MAX_REPORTS
    if (more > 0) report(`${path}: ${more} more lines are no tracker's URL`)
    if (urls.length === 0) throw new BtkitError('empty', `${path}: names no tracker`)
    this.#problem = ''
    this.#current = { urls, since: this.#nextSecond() }
  }

  /** Dates are told in seconds, and no torrent with the trackers of before may have this one. */
  #nextSecond(): number {
    const next = (Math.floor(this.#parts.now() / 1000) + 1) * 1000
    return Math.max(next, (this.#current?.since ?? 0) + 1000)
  }

  /** Says what is wrong once, not each minute anew. */
  #complain(error: unknown): void {
    if (!(error instanceof BtkitError)) throw error
    const kept = this.#current ? '; the trackers stay as they were' : ''
    if (this.#problem !== error.message && this.#current)
      this.#parts.report(`${error.message}${kept}`)
    this.#problem = error.message
  }
}
