import { appendFile, open, rename, stat } from 'node:fs/promises'
import pLimit from 'p-limit'
import { asBtkitError, awaitSystem, BtkitError } from '../../errors.js'
import { absenceOf } from '../../files/inside.js'
import { fill } from '../../files/read-bounded.js'
import { jsonLine } from '../../text/escape.js'

/** Something that somebody did. */
export interface Activity {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly user: string
  /** The address of the client; null on a Unix socket. */
  readonly address: string | null
  readonly action: string
  /** The thing that it was done to; empty for none. */
  readonly target: string
  readonly details?: string | undefined
}

/** Bytes after which a file is closed. It is kept until the next one is full, too. */
const FULL = 16 * 1024 * 1024

/** Bytes at the end of a file that are read for its last entries. */
const TAIL = 4 * 1024 * 1024

/** The longest text of an entry, in characters. */
const LONGEST = 2000

const LINE_FEED = 0x0a

/**
 * The log of who did what: a file of JSON lines that only grows, and the one before it. Readers skip a line
 * that a crash cut off.
 */
export class ActivityLog {
  #isFailing = false
  /** Entries are written in their order. */
  readonly #turns = pLimit(1)

  private constructor(
    private readonly path: string,
    private readonly warn: (message: string) => void,
    private readonly full: number,
  ) {}

  /**
   * Opens a log; `warn` is called when entries begin to be lost.
   * @throws BtkitError if the file cannot be written
   */
  static async open(
    path: string,
    warn: (message: string) => void,
    full = FULL,
  ): Promise<ActivityLog> {
    const log = new ActivityLog(path, warn, full)
    const last = await tailOf(path, 1)
    await log.#append(last.length > 0 && last[0] !== LINE_FEED ? '\n' : '')
    return log
  }

  /** Appends an entry. If that fails, what was done stays done: a warning says that entries are lost. */
  async note({ at, user, address, action, target, details }: Activity): Promise<void> {
    const time = new Date(at).toISOString()
    const cut = (text: string) => text.slice(0, LONGEST)
    const more = details === undefined ? {} : { details: cut(details) }
    const line = jsonLine({ time, user, address, action, target: cut(target), ...more })
    try {
      await this.#turns(() => this.#append(line))
      this.#isFailing = false
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      if (!this.#isFailing) this.warn(`${error.message}; changes are not logged until that ends`)
      this.#isFailing = true
    }
  }

  /** Returns the last entries, newest first. */
  latest(count: number): Promise<Activity[]> {
    return this.#turns(async () => {
      const own = await entriesIn(this.path)
      const all = own.length < count ? [...(await entriesIn(`${this.path}.1`)), ...own] : own
      return all.slice(-count).reverse()
    })
  }

  async #append(text: string): Promise<void> {
    const { path } = this
    await awaitSystem(path, appendFile(path, text, { mode: 0o600 }))
    const { size } = await awaitSystem(path, stat(path))
    if (size > this.full) await awaitSystem(path, rename(path, `${path}.1`))
  }
}

async function entriesIn(path: string): Promise<Activity[]> {
  const lines = (await tailOf(path, TAIL)).toString().split('\n')
  return lines.flatMap((line) => parseEntry(line) ?? [])
}

/** The last bytes of a file; none if it is not there. */
async function tailOf(path: string, most: number): Promise<Buffer> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (absenceOf(error) === 'missing') return null
    throw asBtkitError(error, path)
  })
  if (handle === null) return Buffer.alloc(0)
  try {
    const { size } = await handle.stat()
    const tail = Buffer.alloc(Math.min(size, most))
    return tail.subarray(0, await fill(tail, handle, size - tail.length))
  } finally {
    await handle.close()
  }
}

function parseEntry(line: string): Activity | null {
  try {
    const entry: unknown = JSON.parse(line)
    if (typeof entry !== 'object' || entry === null) return null
    const { time, user, address, action, target, details } = entry as Record<string, unknown>
    const at = Date.parse(String(time))
    if (Number.isNaN(at) || typeof user !== 'string' || typeof action !== 'string') return null
    return {
      at,
      user,
      action,
      address: typeof address === 'string' ? address : null,
      target: typeof target === 'string' ? target : '',
      details: typeof details === 'string' ? details : undefined,
    }
  } catch {
    return null
  }
}
