import { setTimeout as wait } from 'node:timers/promises'
import { type CacheAccess, isRacy } from '../../core/digests/cache-trust.js'
import { BtkitError } from '../../errors.js'
import { type Fingerprint, sameFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scanned-file.js'
import type { Throttle } from '../../hash/jobs/job.js'
import type { WarmOptions } from '../options.js'
import type { GivenTorrents } from '../torrents/given-torrents.js'
import { formatMirrorPath, type Mirror, MirrorView } from '../tree/mirror.js'
import type { FileTorrents } from '../views/file-torrents.js'
import { findWarm, PathPatterns } from './find-warm.js'
import { doInTurns, each } from '../../steps.js'
import { unlimitedTurns } from '../admission/memory.js'
import { NotReady } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { escapeText } from '../../text/escape.js'
import { MOST_ITEMS } from '../../text/feed.js'
import type { InfoHash } from '../../metainfo/values.js'
import { type KnownTorrent, swarmHashesOf } from '../torrents/known-torrent.js'

/** The sources of files and torrents. */
interface WarmSources extends Pick<ServerContext, 'warn' | 'onError' | 'monotonic'> {
  readonly mirror: Mirror
  readonly given: GivenTorrents
  /** Makes the torrents. */
  readonly torrents: FileTorrents
  readonly cacheAccess: CacheAccess
  readonly throttle: Throttle | undefined
  readonly options: WarmOptions
  /** Receives each torrent that is ready. */
  readonly onReady: (torrent: KnownTorrent) => void
}

/** Most files that are prepared at once. */
const AT_ONCE = 4

/** After a scan, the next one waits at least this many times its duration. */
const REST = 20

/** Milliseconds before a file is tried again that is being written or has just changed. */
const AGAIN = 1000

/** Most milliseconds until then; a timer takes no more than 24 days. */
const LONGEST_WAIT = 3_600_000

/** Milliseconds in the future beyond which a file's time counts as wrong. */
const FAR = 60_000

/** Milliseconds for which the real paths of directories are reused. */
const FRESH_FOR = 1000

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
  /** Files to prepare, the next one last: files of later scans come first. */
  readonly #waiting: WarmFile[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #warned = new Set<string>()
  #work: Promise<void> = Promise.resolve()
  #scans = 0
  #recalledAt: number
  /** Reused for many files, so that directories are not resolved for each. */
  #view: { readonly view: MirrorView; readonly since: number } | null = null

  constructor(private readonly parts: WarmSources) {
    this.#patterns = new PathPatterns(parts.options.patterns)
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
    const unread: (readonly string[])[] = []
    const search = { patterns: this.#patterns, signal: this.#stopping.signal, unread }
    const scan = this.#scans + 1
    const isRecall = !this.#isFull && monotonic() - this.#recalledAt >= RECALL_INTERVAL
    if (isRecall) this.#recalledAt = monotonic()
    const found: WarmFile[] = []
    for await (const files of findWarm(mirror, search)) {
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
    const unreadPlaces = unread.map((path) => `${path.join('/')}/`)
    await this.files.endScan(scan, ({ path }) => {
      const place = `${path.join('/')}/`
      return unreadPlaces.some((each) => each === '/' || place.startsWith(each))
    })
    this.#scans = scan
    this.#waiting.push(...found.reverse())
    this.#fill()
    if (scan === 1 && this.files.size === 0)
      warn(
        `--warm ${options.patterns.map(escapeText).join(' ')}: no file matches yet that is not empty`,
      )
  }

  /** Whether the operator's torrents of a ready file have changed. */
  async #hasOtherTorrents({ path, torrent }: WarmFile): Promise<boolean> {
    return torrent !== null && (await this.parts.given.stampOf(path)) !== torrent.stamp
  }

  /** Whether the work would be lost, because the disk of the cache is full. */
  get #isFull(): boolean {
    return this.parts.cacheAccess.cache.store.state() === 'full'
  }

  /** Begins with as many files as may be prepared at once. */
  #fill(): void {
    if (this.#isFull) {
      // A later scan goes on, and looks for files whose digests were lost
      this.#recalledAt = -Infinity
      return
    }
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
    // A later scan may have found another state
    if (this.files.get(file.path) !== file) return
    try {
      const torrent = await this.#obtain(file)
      if (torrent) this.files.setReadiness(file, 'ready', torrent)
      else this.#tryAgainLater(file)
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#noteFailure(file, error)
    }
  }

  /** Puts the torrent of a file into the cache; returns null if it must be tried again later. */
  async #obtain({ path }: WarmFile): Promise<ReadyTorrent | null> {
    const { given, torrents, throttle, cacheAccess } = this.parts
    const file = await this.#freshView().file(path)
    const { fingerprint } = file
    // Its digests could not be cached yet
    if (isRacy(fingerprint, cacheAccess.now(), cacheAccess.trust)) {
      const ahead = Number(fingerprint.mtimeNs / 1_000_000n) - cacheAccess.now()
      if (ahead <= FAR) return null
      throw new BtkitError('io', 'its date is in the future; set it with touch')
    }
    const stamp = given.isUsed ? await given.stampOf(path) : ''
    const { signal } = this.#stopping
    const { torrent } = await torrents.obtain(file, 'v1', { signal, throttle })
    if (!torrent.isCacheable) return null
    const [infoHash] = swarmHashesOf(torrent)
    if (infoHash === undefined) return null
    this.parts.onReady(torrent)
    const givenLength = torrent.given?.bytes.length
    return { infoHash, infoLength: torrent.info.length, givenLength, stamp }
  }

  #noteFailure(file: WarmFile, error: unknown): void {
    if (error instanceof NotReady || (error instanceof BtkitError && error.code === 'changed')) {
      // A file that is too young says when it is old enough
      this.#tryAgainLater(file, error instanceof NotReady ? 1000 * error.retryAfter : AGAIN)
      return
    }
    this.files.setReadiness(file, 'failed')
    if (!(error instanceof BtkitError)) this.parts.onError(error)
    // The file was emptied or removed since the scan
    else if (error.code !== 'empty' && error.code !== 'not-found')
      this.#warnOnce(file.path.join('/'), `${formatMirrorPath(file.path)}: ${error.message}`)
  }

  #freshView(): MirrorView {
    const { monotonic, mirror } = this.parts
    if (!this.#view || monotonic() - this.#view.since > FRESH_FOR) {
      this.#view = { view: new MirrorView(mirror), since: monotonic() }
    }
    return this.#view.view
  }

  #tryAgainLater(file: WarmFile, milliseconds = AGAIN): void {
    const wait = Math.min(Math.max(AGAIN, milliseconds), LONGEST_WAIT)
    setTimeout(() => {
      this.#waiting.push(file)
      this.#fill()
    }, wait).unref()
  }

  #warnOnce(key: string, message: string): void {
    if (this.#warned.has(key) || this.#warned.size >= MAX_WARNED) return
    this.#warned.add(key)
    const end = this.#warned.size === MAX_WARNED ? '; further failures are not reported' : ''
    this.parts.warn(`--warm: ${message}${end}`)
  }
}

function tooMany(path: readonly string[]): string {
  const others = `${formatMirrorPath(path)} and others are left out`
  return `more than ${MAX_FILES} files match: ${others}; use narrower patterns`
}

/** A torrent that can be sent at once, with the facts for a feed. */
export interface ReadyTorrent {
  readonly infoHash: InfoHash
  /** Bytes of its `info`. */
  readonly infoLength: number
  /** Bytes of the operator's own torrent; absent for one made on demand. */
  readonly givenLength?: number | undefined
  /** Changes whenever the operator's torrents of the file change. */
  readonly stamp: string
}

/** The state of a file: its torrent is cached, or it still has to be prepared, or that failed. */
type Readiness = 'ready' | 'waiting' | 'failed'

/** A file of the mirror whose torrent is prepared before anybody asks. */
export interface WarmFile {
  /** Its components below the root. */
  readonly path: readonly string[]
  /** Its state when it was last looked up. */
  readonly fingerprint: Fingerprint
  readiness: Readiness
  /** Null unless the file is ready. */
  torrent: ReadyTorrent | null
  /** The last scan that saw the file. */
  seen: number
}

/** Most files that are kept; each takes about 300 bytes of memory. */
const MAX_FILES = 1_000_000

/** The files that match the patterns in their last known state, and their number by readiness. */
export class WarmFiles {
  readonly #files = new Map<string, WarmFile>()
  readonly #counts: Record<Readiness, number> = { ready: 0, waiting: 0, failed: 0 }
  #newest: WarmFile[] = []
  #version = 0

  get size(): number {
    return this.#files.size
  }

  get counts(): Readonly<Record<Readiness, number>> {
    return this.#counts
  }

  /** Changes with the newest files. */
  get version(): number {
    return this.#version
  }

  /** The ready files with the latest modification times, latest first. */
  get newest(): readonly WarmFile[] {
    return this.#newest
  }

  get(path: readonly string[]): WarmFile | undefined {
    return this.#files.get(keyOf(path))
  }

  /** Records what a scan saw; returns the file if it is new, changed, or failed before. */
  note({ path, fingerprint }: ScannedFile, scan: number): WarmFile | null {
    const known = this.get(path)
    if (known && known.readiness !== 'failed' && sameFingerprint(known.fingerprint, fingerprint)) {
      known.seen = scan
      return null
    }
    this.#forget(path)
    const file: WarmFile = { path, fingerprint, readiness: 'waiting', torrent: null, seen: scan }
    this.#files.set(keyOf(path), file)
    this.#counts.waiting++
    return file
  }

  /** Sets the readiness of a file. */
  setReadiness(file: WarmFile, readiness: Readiness, torrent: ReadyTorrent | null = null): void {
    // The path may have another state by now
    if (this.get(file.path) !== file) return
    this.#counts[file.readiness]--
    this.#counts[readiness]++
    file.readiness = readiness
    file.torrent = torrent
    if (readiness === 'ready' && !this.#newest.includes(file)) this.#enter(file, this.#newest)
    this.#version++
  }

  /**
   * Ends a scan: forgets the files that it did not see, except those that are `kept`. Lets other work have
   * its turn.
   */
  async endScan(scan: number, isKept: (file: WarmFile) => boolean): Promise<void> {
    const forget = (file: WarmFile) => {
      if (file.seen !== scan && !isKept(file)) this.#forget(file.path)
    }
    await doInTurns(each(this.#files.values(), forget), unlimitedTurns())
    const newest: WarmFile[] = []
    const enter = (file: WarmFile) => {
      if (file.readiness === 'ready' && !newest.includes(file)) this.#enter(file, newest)
    }
    await doInTurns(each(this.#files.values(), enter), unlimitedTurns())
    // Files that became ready meanwhile
    this.#newest.forEach(enter)
    this.#newest = newest
    this.#version++
  }

  /** Enters a ready file in a list of the newest if it belongs there. */
  #enter(file: WarmFile, newest: WarmFile[]): void {
    const last = newest[MOST_ITEMS - 1]
    if (last && timeOf(file) <= timeOf(last)) return
    const place = newest.findIndex((other) => timeOf(other) < timeOf(file))
    newest.splice(place < 0 ? newest.length : place, 0, file)
    newest.length = Math.min(newest.length, MOST_ITEMS)
  }

  #forget(path: readonly string[]): void {
    const known = this.get(path)
    if (!known) return
    this.#counts[known.readiness]--
    this.#files.delete(keyOf(path))
    const place = this.#newest.indexOf(known)
    if (place >= 0) this.#newest.splice(place, 1)
  }
}

/** The key of a path; names contain no slash. */
function keyOf(path: readonly string[]): string {
  return path.join('/')
}

function timeOf({ fingerprint }: WarmFile): bigint {
  return fingerprint.mtimeNs
}
