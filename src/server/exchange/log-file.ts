import { constants, type Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { asBtkitError, BtkitError } from '../../errors.js'
import type { ServerContext } from '../context.js'

/** Bytes that wait to be written, at most: what comes while there are more is lost. */
const MAX_WAITING = 4 * 1024 * 1024

/** Who may read it: it holds addresses of clients. */
const MODE = 0o640

/** Appends; never waits for the other end of a pipe that nobody reads. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

const LINE_FEED = 0x0a

const NOTHING = Buffer.alloc(0)

interface LogFileParts {
  readonly path: string
  /** Hears what is wrong, once for each time that it goes wrong; work goes on. */
  readonly report: (message: string) => void
}

/**
 * A log in a file. It is opened anew when it is asked to be, and when another file or none stands
 * under its name, so whoever rotates logs need only rename it.
 */
export class LogFile {
  readonly #parts: LogFileParts
  #handle: FileHandle
  #lines = new LineWriter()
  #waiting: string[] = []
  #length = 0
  #lost = 0
  #problem = ''
  /** Work on the file, one thing after the other. */
  #work: Promise<void> = Promise.resolve()
  #isWriting = false

  private constructor(parts: LogFileParts, handle: FileHandle) {
    this.#parts = parts
    this.#handle = handle
  }

  /**
   * Opens the file, and creates it if need be.
   * @throws BtkitError when that can't be done
   */
  static async open(parts: LogFileParts): Promise<LogFile> {
    return new LogFile(parts, await openLog(parts.path))
  }

  /** Has lines written as soon as those before them are. */
  write(lines: string): void {
    if (this.#length + lines.length > MAX_WAITING) {
      this.#lost++
      return
    }
    this.#waiting.push(lines)
    this.#length += lines.length
    if (this.#isWriting) return
    this.#isWriting = true
    void this.#then(() => this.#writeWaiting())
  }

  /** Opens the file under its name anew: where that fails, the one that is open stays in use. */
  reopen(): Promise<void> {
    return this.#then(async () => {
      await this.#reopen()
    })
  }

  /** Writes what waits, and closes the file. */
  close(): Promise<void> {
    return this.#then(async () => {
      await this.#lines.write(this.#handle, '').finally(() => this.#handle.close())
    })
  }

  #then(act: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(act).catch((error: unknown) => {
      this.#complain(error, 'part of the log is lost')
    })
    return this.#work
  }

  async #writeWaiting(): Promise<void> {
    try {
      const isNamed = await this.#followName()
      while (this.#waiting.length > 0) {
        const lines = this.#waiting.join('')
        this.#waiting = []
        await this.#lines.write(this.#handle, lines)
        this.#length -= lines.length
      }
      if (isNamed) this.#problem = ''
      this.#tellLoss()
    } finally {
      // After a failure, what waited is lost: it would fail again, and again
      this.#lost += this.#waiting.length
      this.#waiting = []
      this.#length = 0
      this.#isWriting = false
    }
  }

  #tellLoss(): void {
    if (this.#lost === 0) return
    this.#parts.report(`${this.#parts.path}: part of the log is lost, as it came too fast to write`)
    this.#lost = 0
  }

  /** Opens the file anew if another stands under its name; false when that can't be done. */
  async #followName(): Promise<boolean> {
    const [named, opened] = [await statOrNull(this.#parts.path), await this.#handle.stat()]
    return (named !== null && isSameFile(named, opened)) || this.#reopen()
  }

  async #reopen(): Promise<boolean> {
    try {
      const before = this.#handle
      this.#handle = await openLog(this.#parts.path)
      const isSame = isSameFile(await before.stat(), await this.#handle.stat())
      if (!isSame) this.#lines = new LineWriter()
      await before.close()
      return true
    } catch (error) {
      this.#complain(error, 'the log stays where it was')
      return false
    }
  }

  /** Says what is wrong once, not with each line anew. */
  #complain(error: unknown, consequence: string): void {
    const told = asBtkitError(error, this.#parts.path)
    if (!(told instanceof BtkitError)) throw told
    if (told.message !== this.#problem) this.#parts.report(`${told.message}; ${consequence}`)
    this.#problem = told.message
  }
}

/** Where the lines of a log go. */
export type LogSink = Pick<LogFile, 'write' | 'reopen' | 'close'>

export interface LogSinkParts extends Pick<ServerContext, 'warn'> {
  /** Null for none: then lines are handed to writeLog. */
  readonly logFile: string | null
  readonly writeLog: (lines: string) => void
}

/**
 * Opens what a log is written to.
 * @throws BtkitError when its file can't be opened
 */
export async function openLogSink(parts: LogSinkParts): Promise<LogSink> {
  const { logFile, writeLog, warn } = parts
  if (logFile !== null) return LogFile.open({ path: logFile, report: warn })
  return { write: writeLog, reopen: () => Promise.resolve(), close: () => Promise.resolve() }
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    return await open(path, APPEND, MODE)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}

function isSameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

async function statOrNull(path: string) {
  try {
    return await stat(path)
  } catch {
    return null
  }
}

/** Appends lines to one file. Where it takes a part of a line only, as a pipe does, the rest comes next. */
class LineWriter {
  /** What is left of a line whose beginning is written. */
  #rest: Buffer = NOTHING

  /**
   * Writes whole lines, after the rest of one that was cut short.
   * @throws what the system has against it: then some of the lines are lost, each of them whole
   */
  async write(file: Pick<FileHandle, 'write'>, lines: string): Promise<void> {
    const bytes = Buffer.concat([this.#rest, Buffer.from(lines)])
    let length = 0
    try {
      while (length < bytes.length) length += (await file.write(bytes, length)).bytesWritten
    } finally {
      if (length > 0) this.#rest = restOfLine(bytes, length)
    }
  }
}

/** What of the last line of the first so many bytes comes after them. */
function restOfLine(bytes: Buffer, length: number): Buffer {
  if (bytes[length - 1] === LINE_FEED) return NOTHING
  // A copy: it may wait for long, and all the lines with it
  return Buffer.from(bytes.subarray(length, bytes.indexOf(LINE_FEED, length) + 1))
}
