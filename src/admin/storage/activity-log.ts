import { appendFileSync, closeSync, openSync, readSync, renameSync } from 'node:fs'
import { BtkitError, callSystem } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
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

  /**
   * `warn` is called when entries begin to be lost.
   * @throws BtkitError if the file cannot be written
   */
  constructor(
    private readonly path: string,
    private readonly warn: (message: string) => void,
    private readonly full = FULL,
  ) {
    const last = this.#tail(path, 1)
    this.#append(last.length > 0 && last[0] !== LINE_FEED ? '\n' : '')
  }

  /** Appends an entry. If that fails, what was done stays done: a warning says that entries are lost. */
  note({ at, user, address, action, target, details }: Activity): void {
    const time = new Date(at).toISOString()
    const cut = (text: string) => text.slice(0, LONGEST)
    const more = details === undefined ? {} : { details: cut(details) }
    try {
      this.#append(jsonLine({ time, user, address, action, target: cut(target), ...more }))
      if ((statIfThere(this.path)?.size ?? 0) > this.full)
        callSystem(this.path, () => {
          renameSync(this.path, `${this.path}.1`)
        })
      this.#isFailing = false
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      if (!this.#isFailing) this.warn(`${error.message}; changes are not logged until that ends`)
      this.#isFailing = true
    }
  }

  /** Returns the last entries, newest first. */
  latest(count: number): Activity[] {
    const own = this.#entries(this.path)
    const all = own.length < count ? [...this.#entries(`${this.path}.1`), ...own] : own
    return all.slice(-count).reverse()
  }

  #append(text: string): void {
    callSystem(this.path, () => {
      appendFileSync(this.path, text, { mode: 0o600 })
    })
  }

  #entries(path: string): Activity[] {
    const lines = this.#tail(path, TAIL).toString().split('\n')
    return lines.flatMap((line) => parseEntry(line) ?? [])
  }

  /** The last bytes of a file; none if it is not there. */
  #tail(path: string, most: number): Buffer {
    const size = statIfThere(path)?.size ?? 0
    if (size === 0) return Buffer.alloc(0)
    const descriptor = openSync(path, 'r')
    try {
      const tail = Buffer.alloc(Math.min(size, most))
      return tail.subarray(0, readSync(descriptor, tail, 0, tail.length, size - tail.length))
    } finally {
      closeSync(descriptor)
    }
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
