import {
  clientInfoHash,
  isBroken,
  isSeeded,
  isUnfinished,
  isWhole,
  type ClientTorrent,
  type TorrentClient,
} from './client.js'
import { handOver, unseen, type ClientSight, type PublishRequest } from './hand-over.js'
import { waitFor, type Waiting } from './wait-for.js'

/** How to publish. */
export interface PublishOptions extends ClientSight {
  readonly waiting: Waiting
  /** The same client for calls after an interruption; by default the client itself. */
  readonly lastCalls?: TorrentClient
  /** Info hashes of torrents that an earlier run was about to hand over, and may not have marked. */
  readonly begun?: ReadonlySet<string>
  /** Called before torrents are handed over, so that they are known if the run is cut off. */
  readonly onHandOver?: (torrents: readonly PublishRequest[]) => void
}

/**
 * What became of a torrent: `published` now, `already` there, or not: a client is still `checking`
 * its data, or it `failed`.
 */
export interface PublishOutcome {
  readonly torrent: string
  readonly infoHash: string
  readonly status: 'published' | 'already' | 'checking' | 'failed'
  /** Why it is not published; null when it is. */
  readonly reason: string | null
}

/** How long after a client took a torrent up it may begin to look at the data, in milliseconds. */
const LATE_LOOK_MS = 3000

/** Torrents that are handed over, started or removed at once. */
const TORRENTS_AT_ONCE = 100

/**
 * Has a client seed torrents whose data lies ready. No torrent is started unless the client was seen
 * to have all its data; one that it does not find all data of is taken out again. Torrents that the
 * client has from elsewhere are left alone. The outcomes are in the order of the requests.
 * @throws BtkitError `unreachable`, `client` when it refuses, `interrupted`
 */
export async function publishTorrents(
  client: TorrentClient,
  requests: readonly PublishRequest[],
  options: PublishOptions,
): Promise<PublishOutcome[]> {
  const run = new PublishRun(client, options)
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

class PublishRun {
  readonly #client: TorrentClient
  readonly #options: PublishOptions
  readonly #outcomes = new Map<PublishRequest, Omit<PublishOutcome, 'torrent' | 'infoHash'>>()
  /** Those that the client has, and that are to be started. */
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
    const settled = this.#outcomes.get(request) ?? { status: 'failed', reason: 'not reached' }
    return { torrent, infoHash: clientInfoHash(metainfo), ...settled }
  }

  /** Hands over what the client does not have. */
  async add(requests: readonly PublishRequest[]): Promise<void> {
    const list = byInfoHash(await this.#client.list())
    const fresh = this.#judge(requests, list)
    const broken = fresh.filter(({ infoHash }) => list.has(infoHash))
    if (fresh.length > 0) this.#options.onHandOver?.(fresh.map(({ request }) => request))
    for (const some of inPortions(broken)) await this.#client.remove(infoHashesOf(some))
    for (const some of inPortions(fresh)) await this.#handOver(some)
  }

  /** Settles what needs no handing over; returns those that do. */
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
        this.#fail(request, 'the client has it already, and not from btkit; it is left alone')
      } else if (known && isSeeded(known)) {
        this.#outcomes.set(request, { status: 'already', reason: null })
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
      if (refusal) this.#fail(pending.request, refusal.message)
      else this.#added.push(pending)
    }
  }

  /** Starts those of which the client sees all data, and takes the others out. */
  async startWhole(): Promise<void> {
    const list = await this.#looked()
    const whole: Pending[] = []
    for (const pending of this.#added) {
      const torrent = list.get(pending.infoHash)
      if (!torrent) this.#fail(pending.request, 'the client did not take it up in time')
      else if (torrent.state === 'checking') this.#tellChecking(pending)
      else if (!this.#client.looksBeforeStart || isWhole(torrent)) whole.push(pending)
      else await this.#takeOut(pending, torrent)
    }
    this.#started = whole
    for (const some of inPortions(whole)) await this.#client.start(infoHashesOf(some))
  }

  /** The client's list, once it has looked at the data of all that were added. */
  async #looked(): Promise<ReadonlyMap<string, ClientTorrent>> {
    const { waiting } = this.#options
    const list = await this.#settled(this.#added, (torrent) => torrent.state !== 'checking')
    const isLooked = (torrent: ClientTorrent) => isBroken(torrent) || isWhole(torrent)
    if (!this.#client.looksBeforeStart || isEach(this.#added, list, isLooked)) return list
    // A client may begin to look a moment after it has taken a torrent up
    const isSeen = (torrent: ClientTorrent) => torrent.state === 'checking' || isLooked(torrent)
    const limitMs = Math.min(waiting.limitMs, LATE_LOOK_MS)
    await this.#settled(this.#added, isSeen, { ...waiting, limitMs })
    return this.#settled(this.#added, (torrent) => torrent.state !== 'checking')
  }

  /** Makes sure that what was started is seeded, and nothing downloaded. */
  async confirm(): Promise<void> {
    const isOver = (torrent: ClientTorrent) => isSeeded(torrent) || this.#isLost(torrent)
    const list = await this.#settled(this.#started, isOver)
    for (const pending of this.#started) {
      const torrent = list.get(pending.infoHash)
      if (torrent && isSeeded(torrent)) {
        this.#outcomes.set(pending.request, { status: 'published', reason: null })
      } else if (torrent?.state === 'checking') this.#tellChecking(pending)
      else await this.#takeOut(pending, torrent)
    }
  }

  /** Whether a torrent is being downloaded, which is to end at once: no client was to need that. */
  #isLost({ state }: ClientTorrent): boolean {
    return state === 'downloading' && !this.#client.looksBeforeStart
  }

  /**
   * Takes out what was started and not confirmed, after an interruption, when it may be downloaded.
   * The client of the run listens to the signal, and so answers no more.
   */
  async takeBack(client: TorrentClient): Promise<void> {
    if (this.#client.looksBeforeStart) return
    const open = this.#started.filter(({ request }) => !this.#outcomes.has(request))
    if (open.length > 0) await client.remove(infoHashesOf(open))
  }

  /** The client's list, once all of these are in it and are as wanted, or the time is over. */
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
    this.#outcomes.set(request, { status: 'checking', reason })
  }

  async #takeOut({ request, infoHash }: Pending, torrent: ClientTorrent | undefined) {
    await this.#client.remove([infoHash])
    const said = torrent?.message ? ` (${torrent.message})` : ''
    this.#fail(request, `${unseen(this.#client, request.directory)}${said}`)
  }

  #fail(request: PublishRequest, reason: string): void {
    this.#outcomes.set(request, { status: 'failed', reason })
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

function* inPortions(pending: readonly Pending[]): Generator<readonly Pending[]> {
  for (let i = 0; i < pending.length; i += TORRENTS_AT_ONCE) {
    yield pending.slice(i, i + TORRENTS_AT_ONCE)
  }
}

function infoHashesOf(pending: readonly Pending[]): string[] {
  return pending.map(({ infoHash }) => infoHash)
}
