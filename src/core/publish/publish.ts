import { resolve } from 'node:path'
import { BtkitError, valueOr, type ErrorCode } from '../../base/errors.js'
import { realPath } from '../../disk/look/inside.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import {
  clientInfoHash,
  isBroken,
  isSeeded,
  isUnfinished,
  isWhole,
  type ClientSettings,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from './client.js'
import { lookForData, unseen, type ClientSight, type PublishRequest } from './hand-over.js'
import { waitFor, type Waiting } from './wait-for.js'

/** Options for publishing. */
export interface PublishRules extends ClientSight {
  readonly waiting: Waiting
  /** Whether to change nothing in the client. Then outcomes are what would happen. */
  readonly dryRun?: boolean
  /** The same client for calls after an interruption. Default: the client itself. */
  readonly lastCalls?: TorrentClient
  /** The category of torrents that are added; by default none. */
  readonly category?: string | undefined
  /** Whether torrents that the client seeds from elsewhere, with the same data, become btkit's. */
  readonly adopts?: boolean
  /**
   * Whether the client has the trackers or web seeds that a torrent had before, so that it must get
   * the torrent again.
   */
  readonly isOutdated?: (request: PublishRequest) => boolean
  /** Info hashes of torrents that an earlier run was about to add, and may not have marked. */
  readonly begun?: ReadonlySet<InfoHash>
  /** Called when it is waited for a client that checks data, with the number of torrents. */
  readonly onChecking?: (torrents: number) => void
  /**
   * Called before torrents are added, with their settings, so that they are recorded if the run is
   * interrupted.
   */
  readonly onHandOver?: (torrents: readonly PublishRequest[]) => Promise<void> | void
}

/**
 * The outcome for a torrent: `published` now, `already` there, `adopted` from elsewhere, still
 * `checking` in the client, or `failed`.
 */
export interface PublishOutcome {
  readonly torrent: string
  readonly infoHash: InfoHash
  readonly status: 'published' | 'already' | 'adopted' | 'checking' | 'failed'
  /** Why it is not published; null if it is. */
  readonly reason: string | null
  readonly code: ErrorCode | null
}

/** How long after adding a torrent a client may begin to check the data, in milliseconds. */
const LATE_LOOK_MS = 3000

/** Number of torrents that are added, started or removed at once. */
const TORRENTS_AT_ONCE = 100

/**
 * Makes a client seed torrents with existing data. Starts a torrent only after the client was seen
 * to have all its data; otherwise removes it again. Torrents that the client has from elsewhere are
 * left alone. The outcomes are in the order of the requests.
 * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
 */
export async function publishTorrents(
  client: TorrentClient,
  requests: readonly PublishRequest[],
  options: PublishRules,
): Promise<PublishOutcome[]> {
  if (options.category !== undefined && client.hasCategories !== true)
    throw new BtkitError('client', `${client.label}: ${NO_CATEGORIES}`)
  const run = new PublishRun(client, options)
  try {
    await run.add(requests)
    if (!options.dryRun) {
      await run.startWhole()
      await run.confirm()
    }
    await run.adopt()
  } catch (error) {
    await run.takeBack(options.lastCalls ?? client).catch(() => undefined)
    throw error
  }
  return requests.map((request) => run.outcome(request))
}

const NO_CATEGORIES =
  "has no categories beside btkit's mark, as qBittorrent and Transmission have; give no category"

interface Pending {
  readonly request: PublishRequest
  readonly infoHash: InfoHash
  /** The settings of the torrent in whose place it comes. */
  readonly settings?: ClientSettings | undefined
}

/** A torrent whose data the client does not see, with its entry in the client's list. */
interface Missed extends Pending {
  readonly torrent: ClientTorrent | undefined
}

type Settled = Omit<PublishOutcome, 'torrent' | 'infoHash'>

const PUBLISHED: Settled = { status: 'published', reason: null, code: null }
const FOREIGN = 'the client has it already, and not from btkit; it stays unchanged'
const NOT_REACHED: Settled = { status: 'failed', reason: 'not reached', code: 'client' }

class PublishRun {
  readonly #outcomes = new Map<PublishRequest, Settled>()
  /** Torrents in the client that are to be started. */
  readonly #added: Pending[] = []
  #started: readonly Pending[] = []
  /** Torrents in the client that are to be marked. */
  readonly #adopted: Pending[] = []
  readonly #client: TorrentClient
  readonly #options: PublishRules
  readonly #begun: ReadonlySet<InfoHash>

  constructor(client: TorrentClient, options: PublishRules) {
    this.#client = client
    this.#options = options
    this.#begun = options.begun ?? new Set()
  }

  outcome(request: PublishRequest): PublishOutcome {
    const { torrent, metainfo } = request
    const settled = this.#outcomes.get(request) ?? (this.#options.dryRun ? PUBLISHED : NOT_REACHED)
    return { torrent, infoHash: clientInfoHash(metainfo), ...settled }
  }

  /** Adds the torrents that the client does not have; in a dry run it only asks about them. */
  async add(requests: readonly PublishRequest[]): Promise<void> {
    const { dryRun, onHandOver } = this.#options
    const list = byInfoHash(await this.#client.list(hashesOf(requests)))
    const fresh = this.#judge(requests, list)
    const begun = fresh.map(({ request, settings }) => {
      return settings ? { ...request, settings } : request
    })
    if (begun.length > 0 && !dryRun) await onHandOver?.(begun)
    for (const some of inPortions(fresh)) {
      const ready = await this.#lookForData(some)
      if (ready.size > 0 && !dryRun) await this.#handOver(ready, list)
    }
  }

  /** Settles requests that need no adding; returns the others. */
  #judge(
    requests: readonly PublishRequest[],
    list: ReadonlyMap<InfoHash, ClientTorrent>,
  ): Pending[] {
    const seen = new Set<string>()
    return requests.flatMap((request) => {
      const infoHash = clientInfoHash(request.metainfo)
      const known = list.get(infoHash)
      const isTwice = seen.has(infoHash)
      seen.add(infoHash)
      if (isTwice) this.#fail(request, 'the same torrent stands before it')
      else {
        const fit = this.#fitOf(known, request)
        // One without the mark has not got its settings yet
        const own = known?.isMarked === true ? known.settings : undefined
        if (fit === 'fresh') return [{ request, infoHash, settings: own ?? request.settings }]
        if (fit === 'stopped') this.#added.push({ request, infoHash })
        else if (fit === 'adoptable') this.#adopted.push({ request, infoHash })
        else if (fit === 'seeded') this.#outcomes.set(request, { ...PUBLISHED, status: 'already' })
        else this.#fail(request, FOREIGN)
      }
      return []
    })
  }

  /** How a client's entry fits a request; `fresh` if there is none, or none that can stay. */
  #fitOf(known: ClientTorrent | undefined, request: PublishRequest) {
    if (!known) return 'fresh'
    const isElsewhere = this.#isElsewhere(known, request)
    // A client that is killed may forget marks and directories
    const isForgotten = !known.isMarked && isElsewhere && known.state !== 'seeding'
    if (isForgotten && this.#begun.has(known.infoHash)) return 'fresh'
    if (isUnfinished(known, this.#begun)) return 'fresh'
    if (!known.isMarked) {
      const mayBeSeeded = isSeeded(known) || isChecking(known)
      return this.#options.adopts && mayBeSeeded && !isElsewhere ? 'adoptable' : 'foreign'
    }
    if (isBroken(known) || isElsewhere || this.#options.isOutdated?.(request)) return 'fresh'
    const isCurrent = isSeeded(known) || isDownloading(known, request)
    return isCurrent ? 'seeded' : 'stopped'
  }

  /** Marks torrents that the client seeds from elsewhere, once it has checked their data. */
  async adopt(): Promise<void> {
    const client = this.#client
    const { dryRun } = this.#options
    const list = dryRun
      ? null
      : await this.#settled(this.#adopted, (torrent) => !isChecking(torrent))
    const whole = this.#adopted.filter((pending) => {
      const torrent = list?.get(pending.infoHash)
      if (list === null || (torrent && isSeeded(torrent))) return true
      if (torrent && isChecking(torrent)) this.#tellChecking(pending)
      else this.#fail(pending.request, FOREIGN)
      return false
    })
    for (const some of inPortions(whole)) {
      if (!dryRun) await client.mark(infoHashesOf(some))
      for (const { request } of some)
        this.#outcomes.set(request, { ...PUBLISHED, status: 'adopted' })
    }
  }

  /** Whether the client looks for the data of a torrent in another directory. */
  #isElsewhere({ directory }: ClientTorrent, request: Pick<PublishRequest, 'directory'>): boolean {
    if (!directory || request.directory === null) return false
    const real = (path: string) => {
      return (this.#options.isLocal ? valueOr(null, () => realPath(path)) : null) ?? resolve(path)
    }
    return real(directory) !== real(request.directory)
  }

  /** Returns the torrents whose data is there, as the client gets them. */
  async #lookForData(some: readonly Pending[]): Promise<Map<Pending, PublishedTorrent>> {
    const requests = some.map(({ request }) => request)
    const { seen, refusals } = await lookForData(this.#client, requests, this.#options)
    for (const [request, { message, code }] of refusals) this.#fail(request, message, code)
    const ready = new Map<Pending, PublishedTorrent>()
    for (const pending of some) {
      const torrent = seen.get(pending.request)
      if (torrent) ready.set(pending, torrent)
    }
    return ready
  }

  /** Adds torrents, in place of those that the client has. */
  async #handOver(
    ready: ReadonlyMap<Pending, PublishedTorrent>,
    list: ReadonlyMap<InfoHash, ClientTorrent>,
  ): Promise<void> {
    const { category } = this.#options
    const some = [...ready.keys()]
    const replaced = some.filter(({ infoHash }) => list.has(infoHash))
    // If this ends here, the client lacks these until the next run
    if (replaced.length > 0) await this.#client.remove(infoHashesOf(replaced))
    const failures = await this.#client.add(
      Array.from(ready, ([{ settings }, torrent]) => ({ ...torrent, category, settings })),
    )
    for (const [i, pending] of some.entries()) {
      const failure = failures[i]
      if (failure) this.#fail(pending.request, failure.message, failure.code)
      else this.#added.push(pending)
    }
  }

  /** Starts torrents whose data the client sees completely, and removes the others. */
  async startWhole(): Promise<void> {
    const list = await this.#looked()
    const whole: Pending[] = []
    const missed: Missed[] = []
    for (const pending of this.#added) {
      const torrent = list.get(pending.infoHash)
      if (!torrent) this.#fail(pending.request, 'the client did not take it up in time')
      else if (isChecking(torrent)) this.#tellChecking(pending)
      else if (!this.#looksFor(pending) || isWhole(torrent)) whole.push(pending)
      else missed.push({ ...pending, torrent })
    }
    await this.#removeMissed(missed)
    this.#started = whole
    for (const some of inPortions(whole)) await this.#client.start(infoHashesOf(some))
  }

  /** Returns the client's list after it has checked the data of all added torrents. */
  async #looked(): Promise<ReadonlyMap<InfoHash, ClientTorrent>> {
    const { waiting } = this.#options
    const list = await this.#settled(this.#added, (torrent) => !isChecking(torrent))
    const isLooked = (torrent: ClientTorrent) => isBroken(torrent) || isWhole(torrent)
    const looked = this.#added.filter((pending) => this.#looksFor(pending))
    if (isEach(looked, list, isLooked)) return list
    // A client may begin to check a moment after it has added a torrent
    const isSeen = (torrent: ClientTorrent) => isChecking(torrent) || isLooked(torrent)
    const limitMs = Math.min(waiting.limitMs, LATE_LOOK_MS)
    await this.#settled(looked, isSeen, { ...waiting, limitMs })
    return this.#settled(this.#added, (torrent) => !isChecking(torrent))
  }

  /** Whether the client shows, before a torrent is started, whether its data is there. */
  #looksFor({ request }: Pending): boolean {
    return this.#client.looksBeforeStart && request.directory !== null
  }

  /** Checks that the started torrents are seeded, and downloaded only if that is meant. */
  async confirm(): Promise<void> {
    const isOver = (torrent: ClientTorrent) => isSeeded(torrent) || this.#isLost(torrent)
    const isBegun = (torrent: ClientTorrent) => isSeeded(torrent) || isLoading(torrent)
    const [here, remote] = [false, true].map((isRemote) => {
      return this.#started.filter(({ request }) => (request.directory === null) === isRemote)
    })
    const list = new Map([
      ...(await this.#settled(here ?? [], isOver)),
      ...(await this.#settled(remote ?? [], isBegun)),
    ])
    const missed: Missed[] = []
    for (const pending of this.#started) {
      const torrent = list.get(pending.infoHash)
      const isCurrent = torrent && (isSeeded(torrent) || isDownloading(torrent, pending.request))
      if (isCurrent) this.#outcomes.set(pending.request, PUBLISHED)
      else if (torrent && isChecking(torrent)) this.#tellChecking(pending)
      else missed.push({ ...pending, torrent })
    }
    await this.#removeMissed(missed)
  }

  /**
   * Whether a torrent is being downloaded, which must end at once, because all data should exist.
   */
  #isLost({ state }: ClientTorrent): boolean {
    return state === 'downloading' && !this.#client.looksBeforeStart
  }

  /**
   * After an interruption, removes torrents that were started but not confirmed, because they may
   * be downloaded. Uses another client object, because that of the run obeys the signal.
   */
  async takeBack(client: TorrentClient): Promise<void> {
    if (this.#client.looksBeforeStart) return
    const open = this.#started.filter(({ request }) => !this.#outcomes.has(request))
    for (const some of inPortions(open)) await client.remove(infoHashesOf(some))
  }

  /**
   * Returns the client's entries of these torrents after all have the wanted state, or the time
   * limit. Asks only for those that do not have it yet, and for all again before the end.
   */
  async #settled(
    pending: readonly Pending[],
    isSettled: (torrent: ClientTorrent) => boolean,
    waiting = this.#options.waiting,
  ): Promise<ReadonlyMap<InfoHash, ClientTorrent>> {
    if (pending.length === 0) return new Map()
    const list = new Map<InfoHash, ClientTorrent>()
    const look = async (some: readonly Pending[]) => {
      const requests = some.map(({ request }) => request)
      const found = byInfoHash(await this.#client.list(hashesOf(requests)))
      for (const { infoHash } of some) {
        const torrent = found.get(infoHash)
        if (torrent) list.set(infoHash, torrent)
        else list.delete(infoHash)
      }
      return some.filter((each) => !isEach([each], list, isSettled))
    }
    let open = pending
    return waitFor(waiting, async () => {
      const isAll = open === pending
      open = await look(open)
      if (open.length === 0 && !isAll) open = await look(pending)
      const isChecked = ({ infoHash }: Pending) => list.get(infoHash)?.state === 'checking'
      const checking = open.filter(isChecked).length
      if (checking > 0) this.#options.onChecking?.(checking)
      return { value: list, isOver: open.length === 0, left: open.length }
    })
  }

  #tellChecking({ request }: Pending): void {
    const reason = 'the client is still checking its data; the next run starts it'
    this.#outcomes.set(request, { status: 'checking', reason, code: 'client' })
  }

  /** Removes torrents whose data the client does not see, which it would download. */
  async #removeMissed(all: readonly Missed[]): Promise<void> {
    for (const some of inPortions(all)) {
      await this.#client.remove(infoHashesOf(some))
      for (const { request, torrent } of some) {
        const said = torrent?.message ? ` (${torrent.message})` : ''
        this.#fail(request, `${unseen(this.#client, request)}${said}`)
      }
    }
  }

  #fail(request: PublishRequest, reason: string, code: ErrorCode = 'client'): void {
    this.#outcomes.set(request, { status: 'failed', reason, code })
  }
}

/** Whether a client downloads a torrent that has no data where a client could find it. */
function isDownloading(torrent: ClientTorrent, { directory }: PublishRequest): boolean {
  return directory === null && isLoading(torrent)
}

const isLoading = ({ state }: ClientTorrent) => state === 'downloading'

const isChecking = ({ state }: ClientTorrent) => state === 'checking'

function isEach(
  pending: readonly Pending[],
  list: ReadonlyMap<InfoHash, ClientTorrent>,
  is: (torrent: ClientTorrent) => boolean,
): boolean {
  return pending.every(({ infoHash }) => {
    const torrent = list.get(infoHash)
    return torrent !== undefined && is(torrent)
  })
}

function byInfoHash(torrents: readonly ClientTorrent[]): Map<InfoHash, ClientTorrent> {
  return new Map(torrents.map((torrent) => [torrent.infoHash, torrent]))
}

/** The info hashes of torrents: a client may know a hybrid by either. */
function hashesOf(requests: readonly PublishRequest[]): InfoHash[] {
  return requests.flatMap(({ metainfo }) => swarmHashes(metainfo))
}

function* inPortions<T>(pending: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < pending.length; i += TORRENTS_AT_ONCE) {
    yield pending.slice(i, i + TORRENTS_AT_ONCE)
  }
}

function infoHashesOf(pending: readonly Pending[]): InfoHash[] {
  return pending.map(({ infoHash }) => infoHash)
}
