import { appendFile, open, readFile, stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { asBtkitError, awaitSystem, failureOf } from '../../../base/errors.js'
import { absenceOf } from '../../../disk/look/inside.js'
import { fill } from '../../../disk/look/read-bounded.js'
import { writeAtomically } from '../../../disk/write/atomically.js'
import { jsonLine } from '../../../base/text/escape.js'

/** Something that somebody did. */
export interface Activity {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly user: string
  /** The address of the client; null on a Unix socket. */
  readonly address: string | null
  readonly action: string
  /** The thing that it was done to, or the first of several; empty for none. */
  readonly target: string
  /** The other things, if they are few. */
  readonly others?: readonly string[] | undefined
  /** The number of all things, if they are many. */
  readonly count?: number | undefined
  readonly details?: string | undefined
}

/** The things of an entry that it names. */
export function targetsOf({ target, others = [] }: Activity): string[] {
  return [target, ...others]
}

/** The action of those who are perhaps strangers. */
export const FAILED_LOG_IN = 'fail to log in'

/** Milliseconds that entries are kept, and between two looks for older ones. */
const AGE = 90 * 86_400_000
const DAY = 86_400_000

/** Bytes of the file, at most. When it is full, a quarter becomes free. */
const FULL = 32 * 1024 * 1024
const KEPT = 3 / 4

/** Bytes at the end of a file that are read for its last entries. */
const TAIL = 4 * 1024 * 1024

/** The longest text of an entry, and the longest list of other things, in characters. */
const LONGEST = 2000

const LINE_FEED = 0x0a

/**
 * The log of who did what: a file of JSON lines. Readers skip a line that a crash cut off. If the
 * file is full, those who wrote most lose their oldest entries: nobody pushes out the traces of
 * others.
 */
export class ActivityLog {
  #isFailing = false
  /** When old entries were last looked for, in milliseconds since 1970. */
  #tidied = -Infinity
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

  /**
   * Appends an entry. If that fails, what was done stays done: a warning says that entries are
   * lost.
   */
  async note({ at, user, address, action, target, others = [], details }: Activity): Promise<void> {
    const time = new Date(at).toISOString()
    const cut = (text: string) => text.slice(0, LONGEST)
    const isShort = others.join('').length <= LONGEST
    const all = isShort ? { others } : { count: 1 + others.length }
    const more = {
      ...(others.length > 0 && all),
      ...(details !== undefined && { details: cut(details) }),
    }
    const line = jsonLine({ time, user, address, action, target: cut(target), ...more })
    const noting = this.#turns(async () => {
      const size = await this.#append(line)
      if (size > this.full || at - this.#tidied >= DAY) await this.#tidy(at)
    })
    const failure = await failureOf(() => noting)
    if (!failure && this.#isFailing) this.warn(`${this.path}: changes are logged again`)
    if (failure && !this.#isFailing)
      this.warn(`${failure.message}; changes are not logged until that ends`)
    this.#isFailing = failure !== null
  }

  /** Returns the last entries, newest first. */
  latest(count: number): Promise<Activity[]> {
    return this.#turns(async () => {
      const lines = (await tailOf(this.path, TAIL)).toString().split('\n')
      return lines
        .flatMap((line) => parseEntry(line) ?? [])
        .slice(-count)
        .reverse()
    })
  }

  /** Appends text, and returns the size of the file. */
  async #append(text: string): Promise<number> {
    const { path } = this
    await awaitSystem(path, appendFile(path, text, { mode: 0o600 }))
    return (await awaitSystem(path, stat(path))).size
  }

  /** Removes old entries. Of a full file, those who wrote most lose their oldest ones, too. */
  async #tidy(now: number): Promise<void> {
    this.#tidied = now
    const { path, full } = this
    const bytes = await awaitSystem(path, readFile(path))
    const lines = (await linesOf(bytes)).filter(({ at }) => now - at < AGE)
    const sizes = new Map<string, number>()
    for (const { by, line } of lines) sizes.set(by, (sizes.get(by) ?? 0) + line.length)
    const share = bytes.length > full ? shareIn([...sizes.values()], full * KEPT) : Infinity
    const kept = lines.filter(({ by, line }) => {
      const left = sizes.get(by) ?? 0
      sizes.set(by, left - line.length)
      return left <= share
    })
    const text = Buffer.concat(kept.map(({ line }) => line))
    if (text.length < bytes.length) await writeAtomically(path, text, { mode: 0o600 })
  }
}

/** The acts of one request: an entry for each action, with all the things that it was done to. */
export class Acts {
  readonly #acts = new Map<string, Activity & { readonly others: string[] }>()
  #isOver = false

  constructor(private readonly log: ActivityLog) {}

  /** Records something at the end of the request. Later acts of its jobs are recorded at once. */
  async note(activity: Activity): Promise<void> {
    const key = `${activity.action}\0${activity.details ?? ''}`
    const act = this.#acts.get(key)
    if (act) act.others.push(activity.target)
    else this.#acts.set(key, { ...activity, others: [] })
    if (this.#isOver) await this.end()
  }

  async end(): Promise<void> {
    this.#isOver = true
    const acts = [...this.#acts.values()]
    this.#acts.clear()
    for (const act of acts) await this.log.note(act)
  }
}

/** A line of the log, with its line feed. */
interface Line {
  readonly line: Buffer
  readonly at: number
  /**
   * The user; empty for attempts to log in, which are anybody's, and not of the user that they
   * name.
   */
  readonly by: string
}

/** Returns all lines that are entries. Announces are answered in between. */
async function linesOf(bytes: Buffer): Promise<Line[]> {
  const lines: Line[] = []
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    end = bytes.indexOf(LINE_FEED, start) + 1 || bytes.length
    const line = bytes.subarray(start, end)
    const entry = parseEntry(line.toString())
    const by = entry?.action === FAILED_LOG_IN ? '' : entry?.user
    if (entry && by !== undefined) lines.push({ line, at: entry.at, by })
    if (lines.length % 100 === 0) await setImmediate()
  }
  return lines
}

/** The most that each may keep, so that all together have at most `room`. */
function shareIn(sizes: readonly number[], room: number): number {
  let left = room
  for (const [i, size] of [...sizes].sort((a, b) => a - b).entries()) {
    const share = left / (sizes.length - i)
    if (size > share) return share
    left -= size
  }
  return Infinity
}

/** The last bytes of a file; none if it is not there. */
async function tailOf(path: string, most: number): Promise<Buffer> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (absenceOf(error) === 'missing') return null
    throw asBtkitError(error, path)
  })
  if (handle === null) return Buffer.alloc(0)
  const read = async () => {
    try {
      const { size } = await handle.stat()
      const tail = Buffer.alloc(Math.min(size, most))
      return tail.subarray(0, await fill(tail, handle, size - tail.length))
    } finally {
      await handle.close()
    }
  }
  return awaitSystem(path, read())
}

function parseEntry(line: string): Activity | null {
  try {
    const entry: unknown = JSON.parse(line)
    if (typeof entry !== 'object' || entry === null) return null
    const { time, user, address, action, target, others, count, details } = entry as Record<
      string,
      unknown
    >
    const at = Date.parse(String(time))
    if (Number.isNaN(at) || typeof user !== 'string' || typeof action !== 'string') return null
    return {
      at,
      user,
      action,
      address: typeof address === 'string' ? address : null,
      target: typeof target === 'string' ? target : '',
      others: Array.isArray(others) ? others.map(String) : undefined,
      count: typeof count === 'number' ? count : undefined,
      details: typeof details === 'string' ? details : undefined,
    }
  } catch {
    return null
  }
}
