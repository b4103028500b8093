import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { asBtkitError, BtkitError } from '../../errors.js'
import type { ServerContext } from '../context.js'

/** Most characters that wait to be written; further lines are dropped. */
const MAX_WAITING = 4 * 1024 * 1024

/** Not readable for others, because it holds addresses of clients. */
const MODE = 0o640

/** Appends; never waits for a pipe that nobody reads. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

/** The destination of a log's lines. */
export type LogSink = Pick<LogFile, 'write' | 'reopen' | 'close'>

export interface LogSinkOptions extends Pick<ServerContext, 'warn'> {
  /** Null for no file: then `writeLog` receives the lines. */
  readonly logFile: string | null
  readonly writeLog: (lines: string) => void
}

/**
 * Opens the destination of a log.
 * @throws BtkitError if its file cannot be opened
 */
export async function openLogSink({ logFile, writeLog, warn }: LogSinkOptions): Promise<LogSink> {
  if (logFile !== null) return LogFile.open(logFile, warn)
  return { write: writeLog, reopen: () => Promise.resolve(), close: () => Promise.resolve() }
}

/** A log in a file, which is opened again on request after a log rotation has renamed it. */
export class LogFile {
  #waiting = ''
  #isLossy = false
  /** Whether the last write failed, so that the file may end with a part of a line. */
  #isCut = false
  #problem = ''
  /** Operations on the file, one after the other. */
  #work: Promise<void> = Promise.resolve()

  private constructor(
    private readonly path: string,
    private readonly report: (message: string) => void,
    private handle: FileHandle,
  ) {}

  /**
   * Opens the file, and creates it if necessary; `report` receives each problem once.
   * @throws BtkitError if that fails
   */
  static async open(path: string, report: (message: string) => void): Promise<LogFile> {
    return new LogFile(path, report, await openLog(path))
  }

  /** Queues lines for writing. */
  write(lines: string): void {
    if (this.#waiting.length + lines.length > MAX_WAITING) {
      this.#isLossy = true
      return
    }
    const isFirst = this.#waiting === ''
    this.#waiting += lines
    if (isFirst) void this.#then(() => this.#writeWaiting(), 'part of the log is lost')
  }

  /** Opens the file of this name again; if that fails, the current one stays in use. */
  reopen(): Promise<void> {
    const act = async () => {
      const before = this.handle
      this.handle = await openLog(this.path)
      await before.close()
      this.#isCut = false
      this.#problem = ''
    }
    return this.#then(act, 'the log goes on in the previous file')
  }

  /** Writes the waiting lines and closes the file. */
  close(): Promise<void> {
    return this.#then(() => this.handle.close(), 'part of the log is lost')
  }

  async #writeWaiting(): Promise<void> {
    const bytes = Buffer.from(this.#isCut ? `\n${this.#waiting}` : this.#waiting)
    this.#waiting = ''
    this.#isCut = true
    for (let at = 0; at < bytes.length;) at += (await this.handle.write(bytes, at)).bytesWritten
    this.#isCut = false
    if (!this.#isLossy) return
    this.#isLossy = false
    const why = 'it could not be written fast enough; use a faster disk'
    this.report(`${this.path}: part of the log is lost, because ${why}`)
  }

  /** Acts after all before; reports a problem once, not for each line. */
  #then(act: () => Promise<void>, consequence: string): Promise<void> {
    this.#work = this.#work.then(act).catch((error: unknown) => {
      const problem = asBtkitError(error, this.path)
      if (!(problem instanceof BtkitError)) throw problem
      if (problem.message !== this.#problem) this.report(`${problem.message}; ${consequence}`)
      this.#problem = problem.message
    })
    return this.#work
  }
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    return await open(path, APPEND, MODE)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}
