import type { BtkitError, ErrorCode } from '../../errors.js'
import {
  clientInfoHash,
  isBroken,
  isSeeded,
  isUnfinished,
  isWhole,
  type ClientTorrent,
  type TorrentClient,
} from './client.js'
import { foresee, handOver, unseen, type ClientSight, type PublishRequest } from './hand-over.js'
import { waitFor, type Waiting } from './wait-for.js'

/** Options for publishing. */
export interface PublishOptions extends ClientSight {
  readonly waiting: Waiting
  /** Whether to change nothing in the client. Then outcomes are what would happen. */
  readonly dryRun?: boolean
  /** The same client for calls after an interruption. Default: the client itself. */
  readonly lastCalls?: TorrentClient
  /** Info hashes of torrents that an earlier run was about to add, and may not have marked. */
  readonly begun?: ReadonlySet<string>
  /** Called before torrents are added, so that they are recorded if the run is interrupted. */
  readonly onHandOver?: (torrents: readonly PublishRequest[]) => Promise<void> | void
}

/**
 * The outcome for a torrent: `published` now, `already` there, still `checking` in the client, or
 * `failed`.
 */
export interface PublishOutcome {
  readonly torrent: string
  readonly infoHash: string
  readonly status: 'published' | 'already' | 'checking' | 'failed'
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
  options: PublishOptions,
): Promise<PublishOutcome[]> {
  const run = new PublishRun(client, options)
  if (options.dryRun) {
    await run.foresee(requests)
    return requests.map((request) => run.outcome(request))
  }
  try {
    await run.add(requests)
    await run.startWhole()
    await run.confirm()
  } catch (error) {
    await run.takeBack(options.lastCalls ?? client).catch(() => undefined)
    throw error
  }
  return requests.map((request) => run.outcome(request))
}

interface Pending {
  readonly request: PublishRequest
  readonly infoHash: string
}

/** A torrent whose data the client does not see, with its entry in the client's list. */
interface Missed extends Pending {
  readonly torrent: ClientTorrent | undefined
}

type Settled = Omit<PublishOutcome, 'torrent' | 'infoHash'>

const PUBLISHED: Settled = { status: 'published', reason: null, code: null }
const NOT_REACHED: Settled = { status: 'failed', reason: 'not reached', code: 'client' }

class PublishRun {
  readonly #client: TorrentClient
  readonly #options: PublishOptions
  readonly #outcomes = new Map<PublishRequest, Settled>()
  /** Torrents in the client that are to be started. */
  #added: Pending[] = []
  #started: Pending[] = []
  readonly #begun: ReadonlySet<string>

  constructor(client: TorrentClient, options: PublishOptions) {
    this.#client = client
    this.#options = options
    this.#begun = options.begun ?? new Set()
  }

  outcome(request: PublishRequest): PublishOutcome {
    const { torrent, metainfo } = request
    const settled = this.#outcomes.get(request) ?? NOT_REACHED
    return { torrent, infoHash: clientInfoHash(metainfo), ...settled }
  }

  /** Settles what would happen, without changing anything. */
  async foresee(requests: readonly PublishRequest[]): Promise<void> {
    const fresh = this.#judge(requests, byInfoHash(await this.#client.list()))
    for (const some of inPortions(fresh)) {
      const asked = some.map(({ request }) => request)
      const { refusals } = await foresee(this.#client, asked, this.#options)
      for (const request of asked) this.#settle(request, refusals.get(request))
    }
    for (const { request } of this.#added) this.#settle(request, undefined)
  }

  #settle(request: PublishRequest, refusal: BtkitError | undefined): void {
    if (refusal) this.#fail(request, refusal.message, refusal.code)
    else this.#outcomes.set(request, PUBLISHED)
  }

  /** Adds the torrents that the client does not have. */
  async add(requests: readonly PublishRequest[]): Promise<void> {
    const list = byInfoHash(await this.#client.list())
    const fresh = this.#judge(requests, list)
    const broken = fresh.filter(({ infoHash }) => list.has(infoHash))
    if (fresh.length > 0) await this.#options.onHandOver?.(fresh.map(({ request }) => request))
    for (const some of inPortions(broken)) await this.#client.remove(infoHashesOf(some))
    for (const some of inPortions(fresh)) await this.#handOver(some)
  }

  /** Settles requests that need no adding; returns the others. */
  #judge(requests: readonly PublishRequest[], list: ReadonlyMap<string, ClientTorrent>): Pending[] {
    const seen = new Set<string>()
    return requests.flatMap((request) => {
      const infoHash = clientInfoHash(request.metainfo)
      const known = list.get(infoHash)
      const isTwice = seen.has(infoHash)
      const isOdd = known && (isBroken(known) || isUnfinished(known, this.#begun))
      seen.add(infoHash)
      if (isTwice) this.#fail(request, 'the same torrent stands before it')
      else if (known && !known.isMarked && !isUnfinished(known, this.#begun)) {
        this.#fail(request, 'the client has it already, and not from btkit; it stays unchanged')
      } else if (known && isSeeded(known)) {
        this.#outcomes.set(request, { ...PUBLISHED, status: 'already' })
      } else if (!known || isOdd) return [{ request, infoHash }]
      else this.#added.push({ request, infoHash })
      return []
    })
  }

  async #handOver(some: readonly Pending[]): Promise<void> {
    const requests = some.map(({ request }) => request)
    const refusals = await handOver(this.#client, requests, this.#options)
    for (const pending of some) {
      const refusal = refusals.get(pending.request)
      if (refusal) this.#settle(pending.request, refusal)
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
      else if (torrent.state === 'checking') this.#tellChecking(pending)
      else if (!this.#client.looksBeforeStart || isWhole(torrent)) whole.push(pending)
      else missed.push({ ...pending, torrent })
    }
    await this.#removeMissed(missed)
    this.#started = whole
    for (const some of inPortions(whole)) await this.#client.start(infoHashesOf(some))
  }

  /** Returns the client's list after it has checked the data of all added torrents. */
  async #looked(): Promise<ReadonlyMap<string, ClientTorrent>> {
    const { waiting } = this.#options
    const list = await this.#settled(this.#added, (torrent) => torrent.state !== 'checking')
    const isLooked = (torrent: ClientTorrent) => isBroken(torrent) || isWhole(torrent)
    if (!this.#client.looksBeforeStart || isEach(this.#added, list, isLooked)) return list
    // A client may begin to check a moment after it has added a torrent
    const isSeen = (torrent: ClientTorrent) => torrent.state === 'checking' || isLooked(torrent)
    const limitMs = Math.min(waiting.limitMs, LATE_LOOK_MS)
    await this.#settled(this.#added, isSeen, { ...waiting, limitMs })
    return this.#settled(this.#added, (torrent) => torrent.state !== 'checking')
  }

  /** Checks that the started torrents are seeded, and not downloaded. */
  async confirm(): Promise<void> {
    const isOver = (torrent: ClientTorrent) => isSeeded(torrent) || this.#isLost(torrent)
    const list = await this.#settled(this.#started, isOver)
    const missed: Missed[] = []
    for (const pending of this.#started) {
      const torrent = list.get(pending.infoHash)
      if (torrent && isSeeded(torrent)) {
        this.#outcomes.set(pending.request, PUBLISHED)
      } else if (torrent?.state === 'checking') this.#tellChecking(pending)
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
   * Returns the client's list after all these torrents have the wanted state, or the time limit.
   */
  async #settled(
    pending: readonly Pending[],
    isSettled: (torrent: ClientTorrent) => boolean,
    waiting = this.#options.waiting,
  ): Promise<ReadonlyMap<string, ClientTorrent>> {
    if (pending.length === 0) return new Map()
    return waitFor(waiting, async () => {
      const list = byInfoHash(await this.#client.list())
      return { value: list, isOver: isEach(pending, list, isSettled) }
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
        this.#fail(request, `${unseen(this.#client, request.directory)}${said}`)
      }
    }
  }

  #fail(request: PublishRequest, reason: string, code: ErrorCode = 'client'): void {
    this.#outcomes.set(request, { status: 'failed', reason, code })
  }
}

function isEach(
  pending: readonly Pending[],
  list: ReadonlyMap<string, ClientTorrent>,
  is: (torrent: ClientTorrent) => boolean,
): boolean {
  return pending.every(({ infoHash }) => {
    const torrent = list.get(infoHash)
    return torrent !== undefined && is(torrent)
  })
}

function byInfoHash(torrents: readonly ClientTorrent[]): Map<string, ClientTorrent> {
  return new Map(torrents.map((torrent) => [torrent.infoHash, torrent]))
}

function* inPortions<T>(pending: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < pending.length; i += TORRENTS_AT_ONCE) {
    yield pending.slice(i, i + TORRENTS_AT_ONCE)
  }
}

function infoHashesOf(pending: readonly Pending[]): string[] {
  return pending.map(({ infoHash }) => infoHash)
}
