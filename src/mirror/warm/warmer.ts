import { setTimeout as wait } from 'node:timers/promises'
import { escapeText } from '../../text/escape.js'
import type { ServerContext } from '../../server/context.js'
import { NotReady } from '../../server/answers/refusal.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import { PathPatterns, WarmSearch } from './find-warm.js'
import { MAX_FILES, WarmFiles, type WarmFile } from './warm-files.js'
import { WarmUp, type WarmUpParts } from './warm-up.js'

/** Settings of hashing before anybody asks. */
export interface WarmOptions {
  /** Patterns for the paths of files; see PathPatterns. */
  readonly patterns: readonly string[]
  /** Milliseconds between two scans. */
  readonly interval: number
  /** Most bytes read per second; null for no limit. */
  readonly maxRate: number | null
  /** The feed leaves out files modified before this time, in milliseconds since 1970. */
  readonly feedSince: number
}

export interface WarmerParts extends WarmUpParts, Pick<ServerContext, 'warn' | 'onError'> {
  readonly options: WarmOptions
}

/** Most files that are prepared at once. */
const AT_ONCE = 4

/** After a scan, the next one waits at least this many times its duration. */
const REST = 20

/** Milliseconds before a file is tried again that is being written or has just changed. */
const AGAIN = 1000

/** Milliseconds between checks whether the cache still has the torrents of ready files. */
const RECALL_INTERVAL = 12 * 3_600_000

/** Most files whose failures are reported. */
const MAX_WARNED = 100

/**
 * Keeps the torrents of matching files ready, while no client needs hashing. Without it, the first
 * client of each file waits until the file is hashed, and there is no feed of new torrents.
 */
export class Warmer {
  readonly files = new WarmFiles()
  readonly #stopping = new AbortController()
  readonly #patterns: PathPatterns
  readonly #warmUp: WarmUp
  /** Files to prepare, the next one last: files of later scans come first. */
  readonly #waiting: WarmFile[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #warned = new Set<string>()
  #work: Promise<void> = Promise.resolve()
  #scans = 0
  #recalledAt: number

  constructor(private readonly parts: WarmerParts) {
    this.#patterns = new PathPatterns(parts.options.patterns)
    this.#warmUp = new WarmUp(parts)
    this.#recalledAt = parts.monotonic()
  }

  /** Number of complete scans so far. */
  get scans(): number {
    return this.#scans
  }

  /** Begins the work; it does not keep the process alive. */
  start(): void {
    this.#work = this.#scanAgainAndAgain()
  }

  /** Ends all work at once. */
  async stop(): Promise<void> {
    this.#stopping.abort(new NotReady('the server is stopping', 10))
    await Promise.all([this.#work, ...this.#underWay])
  }

  async #scanAgainAndAgain(): Promise<void> {
    const { options, monotonic, onError } = this.parts
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const begun = monotonic()
      await this.#scan().catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) onError(error)
      })
      const delay = Math.max(options.interval, REST * (monotonic() - begun))
      await wait(delay, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** Finds all files that match, and queues those that are not ready. */
  async #scan(): Promise<void> {
    const { options, mirror, given, monotonic, warn } = this.parts
    const search = new WarmSearch(mirror, this.#patterns, this.#stopping.signal)
    const scan = this.#scans + 1
    const isRecall = monotonic() - this.#recalledAt >= RECALL_INTERVAL
    if (isRecall) this.#recalledAt = monotonic()
    const found: WarmFile[] = []
    for await (const files of search.files()) {
      for (const file of files) {
        const known = this.files.get(file.path)
        if (!known && this.files.size >= MAX_FILES) {
          this.#warnOnce('too many', tooMany(file.path))
          continue
        }
        const changed = this.files.note(file, scan)
        if (changed) found.push(changed)
        else if (known && (isRecall || (given.isUsed && (await this.#hasOtherTorrents(known)))))
          found.push(known)
      }
    }
    const unread = search.unread.map((path) => `${path.join('/')}/`)
    this.files.endScan(scan, ({ path }) => {
      const place = `${path.join('/')}/`
      return unread.some((each) => each === '/' || place.startsWith(each))
    })
    this.#scans = scan
    this.#waiting.push(...found.reverse())
    this.#fill()
    if (scan === 1 && this.files.size === 0)
      warn(`--warm ${options.patterns.map(escapeText).join(' ')}: no file matches yet`)
  }

  /** Whether the operator's torrents of a ready file have changed. */
  async #hasOtherTorrents({ path, torrent }: WarmFile): Promise<boolean> {
    return torrent !== null && (await this.parts.given.stampOf(path)) !== torrent.stamp
  }

  /** Begins with as many files as may be prepared at once. */
  #fill(): void {
    while (!this.#stopping.signal.aborted && this.#underWay.size < AT_ONCE) {
      const file = this.#waiting.pop()
      if (!file) return
      const work = this.#prepare(file).finally(() => {
        this.#underWay.delete(work)
        this.#fill()
      })
      this.#underWay.add(work)
    }
  }

  async #prepare(file: WarmFile): Promise<void> {
    const { signal } = this.#stopping
    // A later scan may have found another state
    if (this.files.get(file.path) !== file) return
    try {
      const outcome = await this.#warmUp.prepare(file, signal)
      if (outcome.kind === 'ready') this.files.setReadiness(file, 'ready', outcome.torrent)
      else if (outcome.kind === 'later') this.#tryAgainLater(file)
      else this.files.setReadiness(file, 'failed')
      if (outcome.kind === 'failed' && outcome.reason !== null)
        this.#warnOnce(file.path.join('/'), `${formatMirrorPath(file.path)}: ${outcome.reason}`)
    } catch (error) {
      if (signal.aborted) return
      this.files.setReadiness(file, 'failed')
      this.parts.onError(error)
    }
  }

  #tryAgainLater(file: WarmFile): void {
    setTimeout(() => {
      this.#waiting.push(file)
      this.#fill()
    }, AGAIN).unref()
  }

  #warnOnce(key: string, message: string): void {
    if (this.#warned.has(key) || this.#warned.size >= MAX_WARNED) return
    this.#warned.add(key)
    this.parts.warn(`--warm: ${message}`)
  }
}

function tooMany(path: readonly string[]): string {
  const others = `${formatMirrorPath(path)} and others are left out`
  return `more than ${MAX_FILES} files match: ${others}; use narrower patterns`
}
