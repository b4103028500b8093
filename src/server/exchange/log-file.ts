import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { asBtkitError, BtkitError } from '../../base/errors.js'
import { openWriteTarget } from '../../disk/write/target.js'
import type { ServerContext } from '../context.js'
import { AccessLog, type LogFormat, type LogParts } from './access-log.js'

/** Most characters that wait to be written; further lines are dropped. */
const MAX_WAITING = 4 * 1024 * 1024

const LINE_END = 0x0a

const LOST = 'part of the log is lost'

/** Not readable for others, because it holds addresses of clients. */
const MODE = 0o640

/** Appends; never waits for a pipe that nobody reads. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

interface LogSettings extends Pick<LogParts, 'clientAddresses'> {
  readonly logFormat: LogFormat
  /** Null for no file: then `writeLog` receives the lines. */
  readonly logFile: string | null
}

/**
 * Opens the access log of a service. `close` writes what waits.
 * @throws BtkitError if its file cannot be opened
 */
export async function openAccessLog(
  { logFormat: format, logFile, clientAddresses }: LogSettings,
  world: Pick<ServerContext, 'now' | 'warn'> & { readonly writeLog: (lines: string) => void },
) {
  const file = logFile === null ? null : await LogFile.open(logFile, world.warn)
  if (file && format === 'off') world.warn(`${logFile}: stays empty, because --log is off`)
  const write = file ? file.write.bind(file) : world.writeLog
  const log = new AccessLog({ format, clientAddresses, now: world.now, write })
  const close = async () => {
    log.flush()
    await file?.close()
  }
  return { log, reopen: async () => file?.reopen(), close }
}

/** A log in a file, which is opened again on request after a log rotation has renamed it. */
export class LogFile {
  #waiting = ''
  /** Whether the file ends with a part of a line, because the disk was full. */
  #isCut = false
  /** The last reported problem, which is not reported again. */
  #problem = ''
  /** Operations on the file, one after the other. */
  #work: Promise<void> = Promise.resolve()

  private constructor(
    private readonly path: string,
    private readonly report: (message: string) => void,
    private handle: FileHandle,
  ) {}

  /**
   * Opens the file, and creates it if necessary; `report` receives each problem once, and the end
   * of it.
   * @throws BtkitError if that fails
   */
  static async open(path: string, report: (message: string) => void): Promise<LogFile> {
    return new LogFile(path, report, await openLog(path))
  }

  /** Queues lines for writing. */
  write(lines: string): void {
    if (this.#waiting.length + lines.length > MAX_WAITING) {
      this.#tell(`${this.path}: the disk is too slow; ${LOST}`)
      return
    }
    const isFirst = this.#waiting === ''
    this.#waiting += lines
    if (!isFirst) return
    void this.#then(async () => {
      const taken = this.#waiting
      this.#waiting = ''
      await this.#append(this.#isCut ? `\n${taken}` : taken)
      if (!this.#problem.endsWith(LOST)) return
      this.#problem = ''
      this.report(`${this.path}: written again`)
    }, LOST)
  }

  /** Opens the file of this name again; if that fails, the current one stays in use. */
  reopen(): Promise<void> {
    const act = async () => {
      const before = this.handle
      this.handle = await openLog(this.path)
      await before.close()
      this.#problem = ''
      this.#isCut = false
    }
    return this.#then(act, 'the log goes on in the previous file')
  }

  /** Writes the waiting lines and closes the file. */
  close(): Promise<void> {
    return this.#then(() => this.handle.close(), LOST)
  }

  async #append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines)
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.handle.write(bytes, at)
      at += bytesWritten
      this.#isCut = bytes[at - 1] !== LINE_END
    }
  }

  /** Acts after all before. */
  #then(act: () => Promise<void>, consequence: string): Promise<void> {
    this.#work = this.#work.then(act).catch((error: unknown) => {
      const problem = asBtkitError(error, this.path)
      if (!(problem instanceof BtkitError)) throw problem
      this.#tell(`${problem.message}; ${consequence}`)
    })
    return this.#work
  }

  #tell(problem: string): void {
    if (problem !== this.#problem) this.report(problem)
    this.#problem = problem
  }
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    return await openWriteTarget(path, APPEND, MODE)
  } catch (error) {
    throw asBtkitError(error, path)
  }
}
