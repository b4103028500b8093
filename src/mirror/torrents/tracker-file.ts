import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import { parseTrackerLines, type TrackerList } from './tracker-list.js'
import type { ServerContext } from '../../server/context.js'

/** Most bytes of a trackers file. */
const MAX_SIZE = 1024 * 1024

/** Most wrong lines that are reported; further ones are only counted. */
const MAX_REPORTS = 10

export interface TrackerFileParts extends Pick<ServerContext, 'now'> {
  readonly path: string
  /** Receives problems; work goes on. */
  readonly report: (message: string) => void
}

/** The trackers in a file, which may change at any time. */
export class TrackerFile {
  #current: TrackerList | null = null
  #seen: string | null = null
  #problem = ''

  constructor(private readonly parts: TrackerFileParts) {}

  /** The last valid list; null before the first. */
  get current(): TrackerList | null {
    return this.#current
  }

  /** The file's current problem; empty if there is none. */
  get problem(): string {
    return this.#problem
  }

  /**
   * Reads the file if it changed since the last time, or always if `isForced`. While it cannot be
   * read or names no tracker, the last valid list stays.
   */
  async refresh(isForced = false): Promise<void> {
    const { path } = this.parts
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
    const { path, report } = this.parts
    const { urls, problems } = parseTrackerLines(text)
    for (const problem of problems.slice(0, MAX_REPORTS)) report(`${path}: ${problem}`)
    const more = problems.length - MAX_REPORTS
    if (more > 0) report(`${path}: ${more} more lines are not tracker URLs; correct them`)
    if (urls.length === 0)
      throw new BtkitError('empty', `${path}: names no tracker; add an announce URL`)
    this.#problem = ''
    this.#current = { urls, since: this.#nextSecond() }
  }

  /**
   * The next second: HTTP dates have whole seconds, and torrents with the old trackers have this
   * one.
   */
  #nextSecond(): number {
    const next = (Math.floor(this.parts.now() / 1000) + 1) * 1000
    return Math.max(next, (this.#current?.since ?? 0) + 1000)
  }

  /** Reports a problem once, not each minute. */
  #complain(error: unknown): void {
    if (!(error instanceof BtkitError)) throw error
    const kept = this.#current ? '; the old trackers stay in use' : ''
    if (this.#problem !== error.message && this.#current)
      this.parts.report(`${error.message}${kept}`)
    this.#problem = error.message
  }
}
