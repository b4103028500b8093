import { setTimeout as wait } from 'node:timers/promises'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import { isRacy } from '../../disk/cache/trust.js'
import { BtkitError } from '../../base/errors.js'
import { warnOnce } from '../../base/warn-once.js'
import { type Fingerprint, sameFingerprint } from '../../disk/file-lists/fingerprint.js'
import type { Throttle } from '../../disk/hash/jobs/job.js'
import type { InfoHash, InfoHashes } from '../../metainfo/values.js'
import { NotReady } from '../../server/headers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { sortInSlices } from '../../page-parts/slices.js'
import { doInTurns, each } from '../../base/steps.js'
import { escapeText } from '../../base/text/escape.js'
import { MOST_ITEMS } from '../../core/rss.js'
import { unlimitedBudget } from '../../server/admission/memory.js'
import { FIXED_LIMITS, type WarmOptions } from '../options.js'
import type { GivenTorrents } from './given-torrents.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { ServedTorrent } from './served-torrent.js'
import { formatMirrorPath, type Mirror, MirrorView } from '../tree/mirror.js'
import type { FileTorrents } from './file-torrents.js'
import type { RecordedTorrent } from './recorded.js'
import { NOBODY } from './flights.js'
import {
  compilePatterns,
  coversAll,
  findMatching,
  matches,
  type PatternRests,
} from './warm-patterns.js'

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
  readonly onReady: (torrent: ServedTorrent) => void
  /** Receives the info hash of a torrent whose file has other content now, or is gone. */
  readonly onGone: (infoHash: InfoHash) => void
}

/** A torrent that can be sent at once, with the facts for a feed. */
interface ReadyTorrent {
  /** The first by which peers announce it. */
  readonly infoHash: InfoHash
  readonly infoHashes: InfoHashes
  /** Whether it is of version 1 and made here, not the operator's own. */
  readonly isOwn: boolean
  /** Bytes of its `info`. */
  readonly infoLength: number
  /** Bytes of the operator's own torrent; absent for one made on demand. */
  readonly givenLength?: number | undefined
  /** Changes whenever the operator's torrents of the file change. */
  readonly stamp: string
}

/** A file of the mirror whose torrent is prepared before anybody asks. */
export interface WarmFile {
  /** Its components below the root. */
  readonly path: readonly string[]
  /** Its state when it was last looked up. */
  readonly fingerprint: Fingerprint
  /** Whether its torrent is cached, or still has to be prepared, or that failed. */
  state: 'ready' | 'waiting' | 'failed'
  /** Null unless the file is ready. */
  torrent: ReadyTorrent | null
  /** The info hash of its torrent before it changed; null if it had none. */
  replaced: InfoHash | null
}

/** Most files that are kept; each takes about 300 bytes of memory. */
const MAX_FILES = 1_000_000

/** Most files that are prepared at once. */
const AT_ONCE = 4

/** After a scan, the next one waits at least this many times its duration. */
const REST = 20

/** Milliseconds before a file is tried again that is being written or has just changed. */
const AGAIN = 1000

/** Most milliseconds until then; a timer takes no more than 24 days. */
const LONGEST_WAIT = 3_600_000

/** Milliseconds between checks whether the cache still has the torrents of ready files. */
const RECALL_INTERVAL = 12 * 3_600_000

/** Most files whose failures are reported. */
const MAX_WARNED = 100

/**
 * Keeps the torrents of matching files ready, while no client needs hashing. Without it, the first
 * client of each file waits until the file is hashed, and there is no feed of new torrents.
 */
export class Warmer {
  /** The ready files with the latest modification times, latest first. */
  newest: readonly WarmFile[] = []
  /** Changes with the newest files. */
  version = 0
  /** Number of complete scans so far. */
  scans = 0
  /** The files that match, by their keys. */
  #files: ReadonlyMap<string, WarmFile> = new Map()
  /** Bytes of the files below each directory, by its key; null if they are not known. */
  #sizes: ReadonlyMap<string, number> | null = null
  readonly #stopping = new AbortController()
  readonly #patterns: PatternRests
  /** Files to prepare, the next one last: files of later scans come first. */
  readonly #waiting: WarmFile[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #warnOnce: ReturnType<typeof warnOnce>
  #work: Promise<void> = Promise.resolve()
  #recalledAt: number
  readonly #interval = FIXED_LIMITS.warmInterval

  constructor(private readonly parts: WarmSources) {
    this.#patterns = compilePatterns(parts.options.patterns)
    this.#warnOnce = warnOnce(parts.warn, MAX_WARNED)
    this.#recalledAt = parts.monotonic()
  }

  /** The file at a path, whatever its state. */
  get(path: readonly string[]): WarmFile | undefined {
    return this.#files.get(pathKey(path))
  }

  /** Bytes of all files below a directory; null if not all of them match, or nobody looked yet. */
  sizeBelow(path: readonly string[]): number | null {
    const { mirror } = this.parts
    if (mirror.hidden || mirror.followSymlinks || !coversAll(this.#patterns, path)) return null
    return this.#sizes?.get(pathKey(path)) ?? null
  }

  /** Numbers of files by their state. */
  get counts(): Readonly<Record<WarmFile['state'], number>> {
    const counts = { ready: 0, waiting: 0, failed: 0 }
    for (const { state } of this.#files.values()) counts[state]++
    return counts
  }

  /**
   * Begins the work; it does not keep the process alive. `recorded` are torrents from before a
   * restart, which are ready unless the first scan finds their files in another state.
   */
  start(recorded: readonly RecordedTorrent[]): void {
    const matching = recorded.filter(({ content }) => {
      return matches(this.#patterns, content.file.path)
    })
    this.#files = new Map(
      matching.map((each) => [pathKey(each.content.file.path), readyFile(each)]),
    )
    this.#work = this.#scanAgainAndAgain()
  }

  /** Ends all work at once. */
  async stop(): Promise<void> {
    this.#stopping.abort(new NotReady('the server is stopping', 10))
    await Promise.all([this.#work, ...this.#underWay])
  }

  async #scanAgainAndAgain(): Promise<void> {
    const { monotonic, onError } = this.parts
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const begun = monotonic()
      await this.#scan().catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) onError(error)
      })
      const delay = Math.max(this.#interval, REST * (monotonic() - begun))
      await wait(delay, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** Finds all files that match, and queues those that are not ready, the newest first. */
  async #scan(): Promise<void> {
    const { options, mirror, monotonic, warn } = this.parts
    const isRecall = !this.#isFull && monotonic() - this.#recalledAt >= RECALL_INTERVAL
    if (isRecall) this.#recalledAt = monotonic()
    const unread: string[] = []
    const seen = new Map<string, WarmFile>()
    const found: WarmFile[] = []
    const { signal } = this.#stopping
    for await (const files of findMatching(mirror, this.#patterns, signal, unread)) {
      for (const { path, fingerprint } of files) {
        const known = this.get(path)
        const isSame =
          known && known.state !== 'failed' && sameFingerprint(known.fingerprint, fingerprint)
        const file = isSame ? known : newFile({ path, fingerprint }, known)
        if (seen.size < MAX_FILES) seen.set(pathKey(path), file)
        else {
          const others = `${formatMirrorPath(path)} and others are left out; use narrower patterns`
          this.#warnOnce('too many', `--warm: more than ${MAX_FILES} files match: ${others}`)
        }
        if (file !== known || isRecall || (await this.#hasOtherTorrents(file))) found.push(file)
      }
    }
    const turns = unlimitedBudget()
    const keep = ([key, file]: readonly [string, WarmFile]) => {
      const isUnread = unread.some((place) => place === '' || `${key}/`.startsWith(`${place}/`))
      if (isUnread && !seen.has(key)) seen.set(key, file)
    }
    if (unread.length > 0) await doInTurns(each(this.#files, keep), turns)
    const gone = new Set<InfoHash>()
    const leave = ([key, file]: readonly [string, WarmFile]) => {
      const infoHash = seen.has(key) ? null : hashOf(file)
      if (infoHash !== null) gone.add(infoHash)
    }
    await doInTurns(each(this.#files, leave), turns)
    let newest: readonly WarmFile[] = []
    const enter = (file: WarmFile) => (newest = withFile(newest, file))
    await doInTurns(each(seen.values(), enter), turns)
    this.#sizes = unread.length > 0 || seen.size === MAX_FILES ? null : await sizesOf(seen)
    this.#files = seen
    // Files that became ready meanwhile
    this.newest = this.newest
      .filter((file) => this.get(file.path) === file)
      .reduce(withFile, newest)
    this.version++
    this.scans++
    await this.#tellGone(gone)
    for (const file of await sortInSlices(found, byTime)) this.#waiting.push(file)
    this.#fill()
    if (this.scans > 1 || seen.size > 0) return
    const patterns = options.patterns.map(escapeText).join(' ')
    warn(`--warm ${patterns}: no file matches yet that is not empty`)
  }

  /** Whether the operator's torrents of a ready file have changed. */
  async #hasOtherTorrents({ path, torrent }: WarmFile): Promise<boolean> {
    const { given } = this.parts
    return given.isUsed && torrent !== null && (await given.stampOf(path)) !== torrent.stamp
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

  /** Puts the torrent of a file into the cache. */
  async #prepare(file: WarmFile): Promise<void> {
    // A later scan may have found another state
    if (this.get(file.path) !== file) return
    try {
      this.#set(file, 'ready', await this.#obtain(file))
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#noteFailure(file, error)
    }
  }

  async #obtain({ path }: WarmFile): Promise<ReadyTorrent> {
    const { mirror, given, torrents, throttle, cacheAccess } = this.parts
    const file = await new MirrorView(mirror).file(path)
    if (isRacy(file.fingerprint, cacheAccess.now(), cacheAccess.trust))
      throw new BtkitError('changed', 'its digests could not be cached yet')
    const stamp = given.isUsed ? await given.stampOf(path) : ''
    const { torrent } = await torrents.obtain(file, 'v1', { ...NOBODY, ahead: { throttle } })
    const { infoHashes } = torrent
    const [infoHash] = swarmHashes(infoHashes)
    if (!torrent.isCacheable || infoHash === undefined)
      throw new BtkitError('changed', 'it has just changed')
    this.parts.onReady(torrent)
    const givenLength = torrent.given?.bytes.length
    const isOwn = !torrent.given
    return { infoHash, infoHashes, isOwn, infoLength: torrent.info.length, givenLength, stamp }
  }

  #noteFailure(file: WarmFile, error: unknown): void {
    if (error instanceof NotReady || (error instanceof BtkitError && error.code === 'changed')) {
      // A file that is too young says when it is old enough
      const wanted = error instanceof NotReady ? 1000 * error.retryAfter : AGAIN
      setTimeout(
        () => {
          this.#waiting.push(file)
          this.#fill()
        },
        Math.min(Math.max(AGAIN, wanted), LONGEST_WAIT),
      ).unref()
      return
    }
    this.#set(file, 'failed', null)
    if (!(error instanceof BtkitError)) this.parts.onError(error)
    // The file was emptied or removed since the scan
    else if (error.code !== 'empty' && error.code !== 'not-found')
      this.#warnOnce(pathKey(file.path), `--warm: ${formatMirrorPath(file.path)}: ${error.message}`)
  }

  #set(file: WarmFile, state: WarmFile['state'], torrent: ReadyTorrent | null): void {
    // The path may have another state by now
    if (this.get(file.path) !== file) return
    const { replaced } = file
    Object.assign(file, { state, torrent, ...(torrent && { replaced: null }) })
    if (torrent && replaced !== null) void this.#tellGone(new Set([replaced]))
    this.newest = withFile(this.newest, file)
    this.version++
  }

  /** Reports torrents that no file has any more; equal files have one. */
  async #tellGone(infoHashes: Set<InfoHash>): Promise<void> {
    if (infoHashes.size === 0) return
    const keep = (file: WarmFile) => {
      const infoHash = hashOf(file)
      if (infoHash !== null) infoHashes.delete(infoHash)
    }
    await doInTurns(each(this.#files.values(), keep), unlimitedBudget())
    for (const infoHash of infoHashes) this.parts.onGone(infoHash)
  }
}

function newFile(
  { path, fingerprint }: Pick<WarmFile, 'path' | 'fingerprint'>,
  before: WarmFile | undefined,
): WarmFile {
  const replaced = before ? hashOf(before) : null
  return { path, fingerprint, state: 'waiting', torrent: null, replaced }
}

function readyFile({ content, infoHash, facts, infoLength }: RecordedTorrent): WarmFile {
  const { path, fingerprint } = content.file
  const { infoHashes } = facts
  const torrent = { infoHash, infoHashes, isOwn: true, infoLength, stamp: '' }
  return { path, fingerprint, state: 'ready', torrent, replaced: null }
}

/** The info hash of a file's last torrent; null if it never had one. */
function hashOf({ torrent, replaced }: WarmFile): InfoHash | null {
  return torrent?.infoHash ?? replaced
}

/** The key of a path; names contain no slash. */
function pathKey(path: readonly string[]): string {
  return path.join('/')
}

/** The bytes of files below each directory. */
async function sizesOf(files: ReadonlyMap<string, WarmFile>): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  const add = ([key, { fingerprint }]: readonly [string, WarmFile]) => {
    for (let end = key.length; end > 0;) {
      end = Math.max(0, key.lastIndexOf('/', end - 1))
      const directory = key.slice(0, end)
      sizes.set(directory, (sizes.get(directory) ?? 0) + fingerprint.size)
    }
  }
  await doInTurns(each(files, add), unlimitedBudget())
  return sizes
}

function byTime({ fingerprint: a }: WarmFile, { fingerprint: b }: WarmFile): number {
  return Number(a.mtimeNs - b.mtimeNs)
}

/** The newest files of a list and one more, if that is ready. */
function withFile(newest: readonly WarmFile[], file: WarmFile): readonly WarmFile[] {
  const last = newest[MOST_ITEMS - 1]
  const isNewer = file.state === 'ready' && !(last && byTime(file, last) <= 0)
  if (!isNewer || newest.includes(file)) return newest
  return [...newest, file].sort((a, b) => byTime(b, a)).slice(0, MOST_ITEMS)
}
