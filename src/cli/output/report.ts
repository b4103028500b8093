import { escapeText, jsonLine } from '../../base/text/escape.js'
import type { Io } from '../io.js'
import type { ProgressBar } from './bar.js'
import { isScreen, reportError, reportNote, reportWarning } from './messages.js'

/** The options that decide how a command reports. */
export interface ReportOptions {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}

/** Whether `--quiet` hides something. */
type When = 'always' | 'unless quiet'

/** A value, or a function that makes it if it is printed. */
type Lazy<T> = T | (() => T)

/** A line for people, or several. */
type Text = string | readonly string[]

/**
 * The words of a command: results on standard output, messages on standard error. `--json`,
 * `--quiet` and the terminal are decided here; without it, each command would decide them at each
 * line. A progress bar makes room for what is printed. The functions may be passed on.
 */
export class Report {
  readonly isJson: boolean
  readonly isQuiet: boolean
  /** Whether a progress bar would be seen. */
  readonly hasScreen: boolean
  readonly #io: Io
  #bar: ProgressBar | null = null

  constructor({ json = false, quiet = false }: ReportOptions, io: Io) {
    this.isJson = json
    this.isQuiet = quiet
    this.hasScreen = !quiet && isScreen(io.stderr, io.env)
    this.#io = io
  }

  /** Prints a result: a line of JSON with its value, or lines for people. */
  line = (value: Lazy<object>, text: Lazy<Text> = [], when?: When): void => {
    if (this.isJson) this.#print(jsonLine(typeof value === 'function' ? value() : value))
    else if (this.#isShown(when)) this.text(typeof text === 'function' ? text() : text, when)
  }

  /** Prints lines for people; nothing with `--json`. */
  text = (text: Text, when?: When): void => {
    if (this.isJson || !this.#isShown(when) || text.length === 0) return
    const lines = typeof text === 'string' ? [text] : text
    this.#print(lines.map((line) => `${escapeText(line)}\n`).join(''))
  }

  note = (message: string, when?: When): void => {
    if (this.#isShown(when)) reportNote(message, this.#beside())
  }

  warn = (message: string): void => {
    if (!this.isQuiet) this.alert(message)
  }

  /** Warns also with `--quiet`. */
  alert = (message: string): void => {
    reportWarning(message, this.#beside())
  }

  fail = (error: unknown): void => {
    reportError(error, this.#beside())
  }

  /**
   * Does work. If it fails, prints a line of JSON for each value of `lost`, and throws the error.
   */
  attempt = async <T>(
    work: () => Promise<T>,
    lost: (error: unknown) => readonly object[],
  ): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      const isTold = this.isJson && !this.#io.signal.aborted
      for (const value of isTold ? lost(error) : []) this.line(value)
      throw error
    }
  }

  /**
   * Does work on each item in turn. A failure is reported, with `--json` by the values of `lost`,
   * too. It does not stop the rest, but an interruption does. Returns the exit status. Work on
   * `ahead` items goes on at a time; it prints nothing until that on the items before has ended.
   */
  each = async <T>(
    items: readonly T[],
    work: (item: T, before: Promise<void>) => Promise<void>,
    lost: (item: T, error: unknown) => readonly object[] = () => [],
    ahead = 1,
  ): Promise<number> => {
    let status = 0
    let last = Promise.resolve()
    const running: Promise<void>[] = []
    const begin = async (item: T, before: Promise<void>) => {
      try {
        const whole = async () => {
          try {
            await work(item, before)
          } finally {
            await before
          }
        }
        await this.attempt(whole, (error) => lost(item, error))
      } catch (error) {
        if (this.#io.signal.aborted) throw error
        this.fail(error)
        status = 1
      }
    }
    for (const item of items) {
      last = begin(item, last)
      // The next item waits for it, too
      last.catch(() => undefined)
      if (running.push(last) >= ahead) await running.shift()
    }
    await Promise.all(running)
    return status
  }

  /** Shows a bar for hashing `total` bytes, or any number for null; null if nobody would see it. */
  progress = async (total: number | null): Promise<ProgressBar | null> => {
    if (!this.hasScreen) return null
    // It measures texts, for which most commands have no use
    const { openProgress } = await import('./bar.js')
    this.#bar = await openProgress(this.#io, total)
    return this.#bar
  }

  #isShown(when: When = 'unless quiet'): boolean {
    return !this.isQuiet || when === 'always'
  }

  #print(text: string): void {
    this.#beside().stdout.write(text)
  }

  /** The streams, without a bar in the way. */
  #beside(): Io {
    this.#bar?.pause()
    return this.#io
  }
}
