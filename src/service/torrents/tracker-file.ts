import { readFile, stat } from 'node:fs/promises'
import { asBtkitError, BtkitError } from '../../errors.js'
import { parseTrackerLines, type TrackerList } from './tracker-list.js'

/** The largest trackers file that is read, in bytes. */
const MAX_SIZE = 1024 * 1024

/** Hears what is wrong; work goes on. */
export type Report = (message: string) => void

/** The trackers in a file, which may change at any time. */
export class TrackerFile {
  #current: TrackerList | null = null
  #seen = ''
  #problem = ''

  constructor(
    readonly path: string,
    readonly report: Report,
  ) {}

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
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(this.path)
      const state = [mtimeMs, ctimeMs, size, ino].join(' ')
      if (state === this.#seen && !isForced) return
      if (size > MAX_SIZE) throw new BtkitError('too-large', `${this.path}: too large`)
      this.#take(await readFile(this.path, 'utf8'), Math.max(mtimeMs, ctimeMs))
      this.#seen = state
    } catch (error) {
      this.#seen = ''
      this.#complain(asBtkitError(error, this.path))
    }
  }

  #take(text: string, since: number): void {
    const { urls, problems } = parseTrackerLines(text)
    for (const problem of problems) this.report(`${this.path}: ${problem}`)
    if (urls.length === 0) throw new BtkitError('empty', `${this.path}: names no tracker`)
    this.#problem = ''
    this.#current = { urls, since }
  }

  /** Says what is wrong once, not each minute anew. */
  #complain(error: unknown): void {
    if (!(error instanceof BtkitError)) throw error
    const kept = this.#current ? '; the trackers stay as they were' : ''
    if (this.#problem !== error.message && this.#current) this.report(`${error.message}${kept}`)
    this.#problem = error.message
  }
}
