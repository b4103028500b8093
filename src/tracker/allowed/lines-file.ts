import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import { ProblemReports } from './problem-reports.js'
import { quoteText } from '../../text/escape.js'

/** The largest such file that is read, in bytes: a million hashes, with names. */
const MAX_SIZE = 128 * 1024 * 1024

export interface LinesFileParts<T> {
  readonly path: string
  /** Makes something of a line; null when it can't. */
  readonly parseLine: (line: string) => T | null
  /** What a line should be, for messages. */
  readonly expected: string
  /** Hears what is wrong; work goes on. */
  readonly report: (message: string) => void
}

/** A file of lines that may change at any time. Empty lines and those that begin with # say nothing. */
export class LinesFile<T> {
  readonly #parts: LinesFileParts<T>
  readonly #problems: ProblemReports
  #state: string | null = null
  #values: readonly T[] | null = null

  constructor(parts: LinesFileParts<T>) {
    this.#parts = parts
    this.#problems = new ProblemReports(parts.report)
  }

  /** What the lines say that could be read; the same array until the file changes. */
  get values(): readonly T[] {
    return this.#values ?? []
  }

  /**
   * Reads the file if it changed. While it can't be read, the lines stay as they were.
   * @throws BtkitError when it could not be read to begin with
   */
  async refresh(): Promise<void> {
    try {
      const file = await readRegular(this.#parts.path, MAX_SIZE, this.#state)
      if (!file) return
      this.#take(new TextDecoder().decode(file.bytes))
      this.#state = file.state
    } catch (error) {
      if (!(error instanceof BtkitError) || this.#values === null) throw error
      this.#state = null
      this.#problems.add(`${error.message}; it counts as it was`)
    }
    this.#problems.tell()
  }

  #take(text: string): void {
    const { path, parseLine, expected } = this.#parts
    const values: T[] = []
    for (const [i, each] of text.split('\n').entries()) {
      const line = each.trim()
      if (line === '' || line.startsWith('#')) continue
      const value = parseLine(line)
      if (value !== null) values.push(value)
      else this.#problems.add(`${path}: line ${i + 1}: ${quoteText(line)} is no ${expected}`)
    }
    this.#values = values
  }
}
