import { constants, type Stats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { asBtkitError, BtkitError } from '../../errors.js'
import type { ServerContext } from '../context.js'

/** Most bytes that wait to be written; further lines are dropped. */
const MAX_WAITING = 4 * 1024 * 1024

/** Not readable for others, because it holds addresses of clients. */
const MODE = 0o640

/** Appends; never waits for a pipe that nobody reads. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

const LINE_FEED = 0x0a

const NOTHING = Buffer.alloc(0)

interface LogFileParts {
  readonly path: string
  /** Receives each problem once; work goes on. */
  readonly report: (message: string) => void
}

/**
 * A log in a file. The file is opened again on request, and when its name leads to another file or
 * none. A log rotation therefore needs only a rename.
 */
export class LogFile {
  readonly #parts: LogFileParts
  #handle: FileHandle
  #lines = new LineWriter()
  #waiting: string[] = []
  #length = 0
  #lost = 0
  #problem = ''
  /** Operations on the file, one after the other. */
  #work: Promise<void> = Promise.resolve()
  #isWriting = false

  private constructor(parts: LogFileParts, handle: FileHandle) {
    this.#parts = parts
    this.#handle = handle
  }

  /**
   * Opens the file, and creates it if necessary.
   * @throws BtkitError if that fails
   */
  static async open(parts: LogFileParts): Promise<LogFile> {
    return new LogFile(parts, await openLog(parts.path))
  }

  /** Queues lines for writing. */
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

  /** Opens the file of this name again; if that fails, the current one stays in use. */
  reopen(): Promise<void> {
    return this.#then(async () => {
      await this.#reopen()
    })
  }

  /** Writes the waiting lines and closes the file. */
  close(): Promise<void> {
    return this.#then(async () => {
      try {
        await this.#lines.write(this.#handle, '')
      } finally {
        await this.#handle.close()
      }
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
      // After a failure the waiting lines are dropped: they would fail again and again
      this.#lost += this.#waiting.length
      this.#waiting = []
      this.#length = 0
      this.#isWriting = false
    }
  }

  #tellLoss(): void {
    if (this.#lost === 0) return
    this.#parts.report(
      `${this.#parts.path}: part of the log is lost, because it could not be written fast enough; use a faster disk`,
    )
    this.#lost = 0
  }

  /** Opens the file again if its name leads to another one; false if that fails. */
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
      this.#complain(error, 'the log goes on in the previous file')
      return false
    }
  }

  /** Reports a problem once, not for each line. */
  #complain(error: unknown, consequence: string): void {
    const told = asBtkitError(error, this.#parts.path)
    if (!(told instanceof BtkitError)) throw told
    if (told.message !== this.#problem) this.#parts.report(`${told.message}; ${consequence}`)
    this.#problem = told.message
  }
}

/** The destination of a log's lines. */
export type LogSink = Pick<LogFile, 'write' | 'reopen' | 'close'>

export interface LogSinkParts extends Pick<ServerContext, 'warn'> {
  /** Null for no file: then `writeLog` receives the lines. */
  readonly logFile: string | null
  readonly writeLog: (lines: string) => void
}

/**
 * Opens the destination of a log.
 * @throws BtkitError if its file cannot be opened
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

/**
 * Appends lines to one file. If the file accepts only part of a line, as a pipe may, the rest is
 * written before the next lines.
 */
class LineWriter {
  /** The rest of a line whose beginning is written. */
  #rest: Buffer = NOTHING

  /**
   * Writes whole lines, after the rest of an interrupted one.
   * @throws the system's error: then some of the lines are lost, each of them whole
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

/** The rest of the line that contains byte `length - 1`, if it does not end there. */
function restOfLine(bytes: Buffer, length: number): Buffer {
  if (bytes[length - 1] === LINE_FEED) return NOTHING
  // A copy, because a part of the buffer would keep all its lines in memory
  return Buffer.from(bytes.subarray(length, bytes.indexOf(LINE_FEED, length) + 1))
}
