import { LRUCache } from 'lru-cache'
import { setTimeout } from 'node:timers/promises'
import type { CacheAccess } from '../../core/digests/cache-trust.js'
import type { Content } from '../../core/digests/content.js'
import { type InfoOptions, InfoRequest, recallInfoSteps } from '../../core/digests/info.js'
import { doInTurns } from '../../steps.js'
import { BtkitError } from '../../errors.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import type { Budget, MemoryPool, Planner } from '../admission/admission.js'
import type { ServiceOptions } from '../options.js'
import { type ProgressStatus, titleOf, TorrentProgress } from '../progress/progress.js'
import { isQuiet, LOOKS, QUIET_PERIOD, refuseYoung } from './file-changes.js'
import { type FileHasher, toRead } from './file-hasher.js'
import type { AheadOfNeed, ToRead } from './file-reads.js'
import { type Flight, InFlight, type Waiter } from './in-flight.js'
import {
  knownTorrent,
  type KnownTorrent,
  type MadeListener,
  type Placement,
} from './known-torrent.js'
import { NotReady, Refusal } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'

/** Milliseconds for which the lookup of files counts. */
const FRESH_FOR = 1000

/** Bytes of memory for recent torrents. */
const MEMORY = 16 * 1024 * 1024

/** Bytes that a torrent takes beside its info and directory. */
const ENTRY_COST = 1000

/** Most paths whose warnings are remembered. */
const MAX_WARNED = 1000

/** The current content of a torrent. */
export interface OnDemandPlan extends Placement {
  readonly content: Content
  readonly options: InfoOptions
}

/** A requested torrent. */
interface TorrentWanted {
  /** Distinguishes it from all others. */
  readonly key: string
  /** Estimated work to look up its files; see Planning. */
  readonly effort: number
  /**
   * Looks up its files. Rejects with BtkitError if they cannot be read, and with the budget's
   * errors.
   */
  readonly plan: (budget: Budget) => Promise<OnDemandPlan>
  /** Whether it is only compared with the operator's own torrent. */
  readonly isCompared?: boolean
}

/** A torrent that was right at a certain time. */
export interface CurrentTorrent {
  readonly torrent: KnownTorrent
  /** When its files were last looked up, in milliseconds of the monotonic clock. */
  checkedAt: number
}

/** Numbers of torrents by their source. */
export interface Origins {
  memory: number
  cache: number
  files: number
}

/** The makers of torrents. */
interface Making {
  readonly cacheAccess: CacheAccess
  readonly hasher: FileHasher
  readonly planner: Planner
  readonly memory: MemoryPool
  /** Learns of each torrent, again whenever its files were found unchanged. */
  readonly onMade: MadeListener | null
}

/**
 * Makes torrents of the current files. A torrent that several clients request at once is made only
 * once. If its files did not change, it comes from the cache.
 */
export class OnDemand {
  readonly origins: Origins = { memory: 0, cache: 0, files: 0 }
  readonly #checked = new LRUCache<string, CurrentTorrent>({
    maxSize: MEMORY,
    sizeCalculation: ({ torrent: { info, pieceLayers, directory, omitted } }) => {
      const paths = [...(directory ?? []), ...omitted]
      const layers = pieceLayers?.length ?? 0
      return ENTRY_COST + info.length + layers + paths.join().length
    },
  })
  readonly #pending: InFlight<CurrentTorrent>
  readonly #warned = new LRUCache<string, true>({ max: MAX_WARNED })
  #expiredAt = -Infinity

  constructor(
    private readonly making: Making,
    private readonly options: Pick<ServiceOptions, 'minAge'>,
    private readonly world: Pick<ServerContext, 'monotonic' | 'warn'>,
  ) {
    this.#pending = new InFlight(making.memory)
  }

  get cacheAccess(): CacheAccess {
    return this.making.cacheAccess
  }

  /** Number of torrents being looked up or made. */
  get pending(): number {
    return this.#pending.size
  }

  /** The progress of the torrents that are being hashed. */
  underWay(): ProgressStatus[] {
    return this.#pending.underWay()
  }

  /** Expires all lookups, so that everything is looked up again. */
  expire(): void {
    this.#expiredAt = this.world.monotonic()
    this.#pending.forget()
  }

  /** Whether a torrent's files were looked up so recently that it can be sent unchecked. */
  isFresh({ checkedAt }: CurrentTorrent): boolean {
    return checkedAt > this.#expiredAt && this.world.monotonic() - checkedAt < FRESH_FOR
  }

  /**
   * Obtains a torrent. The work goes on as long as anybody wants it: see Flight.
   * @throws Refusal; BtkitError if the files cannot be read
   */
  async obtain(wanted: TorrentWanted, requester: Waiter | Ahead): Promise<CurrentTorrent> {
    if ('throttle' in requester) return this.#makeAhead(wanted, requester)
    const checked = this.#checked.get(wanted.key)
    if (checked && this.isFresh(checked)) {
      this.origins.memory++
      return checked
    }
    return this.#pending.join(wanted.key, requester, (own) => this.#tryTwice(wanted, own))
  }

  /** Makes a torrent that nobody waits for yet, and gives way to clients. */
  async #makeAhead(wanted: TorrentWanted, { signal, throttle }: Ahead): Promise<CurrentTorrent> {
    signal.throwIfAborted()
    const working = new AbortController()
    const giveWay = () => {
      working.abort(new NotReady('somebody who waits needs the file', 1))
    }
    signal.addEventListener('abort', giveWay)
    const memory = this.making.memory.open(null)
    const ahead = { throttle, giveWay }
    try {
      const work = { client: null, signal: working.signal, memory, progress: null, ahead }
      return await this.#check(wanted, work)
    } finally {
      signal.removeEventListener('abort', giveWay)
      memory.close()
    }
  }

  async #tryTwice(wanted: TorrentWanted, pending: Flight<CurrentTorrent>): Promise<CurrentTorrent> {
    for (let tries = 0; tries < 2; tries++) {
      try {
        return await this.#check(wanted, pending)
      } catch (error) {
        if (!isChange(error)) throw error
      }
    }
    throw new NotReady('the files change while they are read; try again in 10 s', 10)
  }

  /** Looks up the files and makes the torrent unless it is known. */
  async #check(wanted: TorrentWanted, pending: TorrentWork): Promise<CurrentTorrent> {
    const look = await this.#lookUntilQuiet(wanted, pending)
    const checked = this.#checked.get(wanted.key)
    if (look.isUnchanged && checked) {
      if (!pending.ahead) this.origins.memory++
      checked.checkedAt = look.checkedAt
      if (!wanted.isCompared) this.making.onMade?.(checked.torrent, look)
      return checked
    }
    const torrent = await this.#make(look, pending)
    const made = { torrent, checkedAt: look.checkedAt }
    if (torrent.isCacheable) {
      if (!pending.ahead) this.#checked.set(wanted.key, made)
      if (!wanted.isCompared) this.making.onMade?.(torrent, look)
    }
    return made
  }

  /** Looks up the files repeatedly until nobody writes to them. */
  async #lookUntilQuiet(wanted: TorrentWanted, pending: TorrentWork): Promise<Look> {
    const { client, signal, memory } = pending
    const planning = { effort: wanted.effort, client, signal, memory }
    let before: Content | null = null
    for (let count = 0; count < LOOKS; count++) {
      const look = await this.making.planner.run(planning, (budget) => {
        // Frees the memory of the last lookup
        memory.clear()
        return this.#look(wanted, budget, before)
      })
      if ('request' in look) return look
      before = look.content
      await setTimeout(QUIET_PERIOD)
    }
    throw new BtkitError('changed', 'the files are being written')
  }

  /** Looks up the files once, and in the cache if nobody writes to them. */
  async #look(
    wanted: TorrentWanted,
    budget: Budget,
    before: Content | null,
  ): Promise<Look | OnDemandPlan> {
    const { trust, now } = this.cacheAccess
    const checkedAt = this.world.monotonic()
    const plan = await wanted.plan(budget)
    const { content, options } = plan
    for (const path of plan.omitted) this.#warnOfOmitted(path)
    refuseYoung(content.files, { minAge: this.options.minAge, trust, now })
    if (!isQuiet(content, now(), before)) return plan
    const request = new InfoRequest(content, options, trust)
    const seen = { ...plan, request, checkedAt }
    await doInTurns(request.inputSteps(), budget.turns)
    const known = this.#checked.get(wanted.key)?.torrent
    if (known && isSame(known, { ...plan, input: request.input })) {
      return { ...seen, isUnchanged: true, recalled: known }
    }
    await budget.pause()
    const recalled = await doInTurns(recallInfoSteps(request, this.cacheAccess), budget.turns)
    // The known digests of a large torrent take much memory, and hashing may begin much later
    if ('table' in recalled)
      return { ...seen, isUnchanged: false, recalled: toRead(content, recalled.table) }
    return { ...seen, isUnchanged: false, recalled }
  }

  /** Warns the operator of a path that cannot be read, once. */
  #warnOfOmitted(path: string): void {
    if (this.#warned.has(path)) return
    this.#warned.set(path, true)
    const why = 'cannot be read, so torrents leave it out; correct its permissions'
    this.world.warn(`${path}: ${why}`)
  }

  /** Gets the torrent from the cache, or hashes what the cache does not know. */
  async #make(
    { request, recalled, directory, omitted }: Look,
    pending: TorrentWork,
  ): Promise<KnownTorrent> {
    const { input, content } = request
    const title = titleOf(content)
    const placed = { input, directory, omitted, title }
    if ('info' in recalled) {
      if (!pending.ahead) this.origins.cache++
      return knownTorrent({ ...recalled, ...placed, isCacheable: true }, content)
    }
    const progress = new TorrentProgress(title, content.size, this.world.monotonic)
    pending.progress = progress
    const { client, signal, ahead } = pending
    const onProgress = (bytesHashed: number, bytesWanted: number) => {
      progress.note(bytesHashed, bytesWanted)
    }
    const wanted = { ...recalled, request, client, signal, onProgress, ahead }
    const { info, pieceLayers, isSettled } = await this.making.hasher.obtain(wanted)
    if (!ahead) this.origins.files++
    return knownTorrent({ info, pieceLayers, ...placed, isCacheable: isSettled }, content)
  }
}

/** Somebody who wants a torrent made before clients ask. */
export interface Ahead extends Pick<AheadOfNeed, 'throttle'> {
  /** Aborts when the torrent is no longer wanted. */
  readonly signal: AbortSignal
}

/** The work for a torrent: see Flight. */
interface TorrentWork extends Pick<Flight<CurrentTorrent>, 'client' | 'memory' | 'signal'> {
  progress: TorrentProgress | null
  /** Given if nobody waits for it. */
  readonly ahead?: AheadOfNeed
}

/** The result of looking up a torrent's files, also in the cache. */
interface Look extends OnDemandPlan {
  readonly request: InfoRequest
  /** The torrent, or what must be read for it. */
  readonly recalled: TorrentCore | ToRead
  /** Whether this is the torrent that was sent before. */
  readonly isUnchanged: boolean
  /** The start of the lookup, by the monotonic clock. */
  readonly checkedAt: number
}

/** Whether a torrent is the one that would be made now. */
function isSame(known: KnownTorrent, now: Pick<KnownTorrent, 'input' | 'omitted'>): boolean {
  const isSameInput = Buffer.compare(known.input, now.input) === 0
  return isSameInput && known.omitted.join('\n') === now.omitted.join('\n')
}

/** Whether files changed or disappeared during the reading. */
function isChange(error: unknown): boolean {
  if (!(error instanceof BtkitError) || error instanceof Refusal) return false
  return error.code === 'changed' || error.code === 'not-found'
}
