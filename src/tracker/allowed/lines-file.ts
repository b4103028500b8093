import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../base/errors.js'
import { readRegular } from '../../disk/look/read-bounded.js'
import { quoteText } from '../../base/text/escape.js'
import { count } from '../../base/text/quantity.js'

/** The largest file that is read, in bytes. A million hashes with names fit. */
const MAX_SIZE = 128 * 1024 * 1024

/** Bytes that are parsed in one turn, some milliseconds. */
const SLICE = 256 * 1024

/** Longest line that is parsed, in UTF-16 units. Pages of errors, for example, have longer ones. */
const LONGEST = 1000

/** Most bytes of so long a line and one character more. */
const LONGEST_BYTES = 4 * (LONGEST + 1)

const LINE_FEED = 0x0a

interface LineForm<T> {
  /** Parses one line; returns null if the line is invalid. */
  readonly parse: (line: string) => T | null
  /** Name of a valid line in messages, such as `info hash`. */
  readonly expected: string
}

/**
 * A file of lines that may change at any time. Empty lines and lines that begin with # are ignored.
 * A line of more than 1,000 characters is invalid.
 */
export class LinesFile<T> {
  readonly #problems: ProblemReports
  #state: string | null = null
  #values: readonly T[] | null = null

  /** `report` receives problems with the file; the tracker continues. */
  constructor(
    private readonly path: string,
    private readonly line: LineForm<T>,
    report: (message: string) => void,
  ) {
    this.#problems = new ProblemReports(report)
  }

  /** The values of all valid lines. The same array is returned until the file changes. */
  get values(): readonly T[] {
    return this.#values ?? []
  }

  /**
   * Reads the file if it changed. If it cannot be read, the values of the last read are kept.
   * @throws BtkitError if the first read fails
   */
  async refresh(): Promise<void> {
    try {
      const file = await readRegular(this.path, MAX_SIZE, this.#state)
      if (!file) return
      await this.#take(file.bytes)
      this.#state = file.state
    } catch (error) {
      if (!(error instanceof BtkitError) || this.#values === null) throw error
      this.#state = null
      this.#problems.add(`${error.message}; its last content stays in use`)
    }
    this.#problems.tell()
  }

  async #take(bytes: Uint8Array): Promise<void> {
    if (bytes.subarray(0, SLICE).includes(0))
      throw new BtkitError('io', `${this.path}: not a list (binary data)`)
    const { parse, expected } = this.line
    const values: T[] = []
    let before = 0
    for (let at = 0; at < bytes.length;) {
      const lineFeed = bytes.indexOf(LINE_FEED, at + SLICE)
      const end = lineFeed < 0 ? bytes.length : lineFeed
      // Of a line that ends far behind the slice, only its beginning is read
      const read = bytes.subarray(at, Math.min(end, at + SLICE + LONGEST_BYTES))
      const lines = new TextDecoder().decode(read).split('\n')
      for (const [i, each] of lines.entries()) {
        const line = each.trim()
        if (line === '' || line.startsWith('#')) continue
        const value = line.length > LONGEST ? null : parse(line)
        const place = `${this.path}: line ${before + i + 1}`
        if (value !== null) values.push(value)
        else this.#problems.add(`${place}: ${quoteText(line)} is not an ${expected}; line ignored`)
      }
      before += lines.length
      at = end + 1
      // Announces are answered meanwhile
      await setImmediate()
    }
    this.#values = values
  }
}

/** The most problems of one scan that are reported. The others are only counted. */
const MAX_TOLD = 10

/**
 * Reports the problems of each scan. A problem that persists is reported once. If `isPatient`, only
 * problems that two scans in turn have are reported.
 */
export class ProblemReports {
  readonly #report: (message: string) => void
  readonly #isPatient: boolean
  #told = new Set<string>()
  #before = new Set<string>()
  #now = new Set<string>()

  constructor(report: (message: string) => void, { isPatient = false } = {}) {
    this.#report = report
    this.#isPatient = isPatient
  }

  /** Records a problem of the current scan. */
  add(problem: string): void {
    this.#now.add(problem)
  }

  /** Ends a scan: reports the problems that were not reported after the previous scan. */
  tell(): void {
    const real = [...this.#now].filter((problem) => !this.#isPatient || this.#before.has(problem))
    const news = real.filter((problem) => !this.#told.has(problem))
    for (const problem of news.slice(0, MAX_TOLD)) this.#report(problem)
    if (news.length > MAX_TOLD) this.#report(count(news.length - MAX_TOLD, 'more such problem'))
    this.#told = new Set(real)
    this.#before = this.#now
    this.#now = new Set()
  }
}
