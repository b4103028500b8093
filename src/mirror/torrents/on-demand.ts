import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Content } from '../../core/digests/content.js'
import {
  recallingInfo,
  requestingInfo,
  type InfoOptions,
  type InfoRequest,
  type RecalledInfo,
} from '../../core/digests/info.js'
import type { CacheAccess } from '../../core/digests/cache-trust.js'
import { unknownFiles } from '../../core/digests/piece-table.js'
import { BtkitError } from '../../errors.js'
import type { Budget } from '../admission/budget.js'
import type { Clients } from '../admission/clients.js'
import type { MemoryPool } from '../admission/memory-pool.js'
import type { Planner } from '../admission/planner.js'
import { NotReady, Refusal } from '../../server/answers/refusal.js'
import { isQuiet, LOOKS, QUIET_PERIOD } from './recent-writes.js'
import { PendingTorrent, type Waiter, type Work } from './pending.js'
import { TorrentProgress, type ProgressStatus } from '../progress/progress.js'
import type { FileHasher } from './file-hasher.js'
import { knownTorrent, type KnownTorrent, type Placement } from './known-torrent.js'
import { titleOf } from '../progress/title.js'
import { waitForWriters } from './writers.js'
import type { ServerContext } from '../../server/context.js'

/** How long what was seen of files counts, in milliseconds. */
const FRESH_FOR = 1000

/** The memory for torrents that were asked for lately, in bytes of their infos. */
const MEMORY = 16 * 1024 * 1024

/** What a torrent costs beside its info and directory, in bytes. */
const ENTRY_COST = 1000

/** What a torrent is made of, as its files are now. */
export interface PlannedTorrent extends Placement {
  readonly content: Content
  readonly options: InfoOptions
}

/** A torrent that is asked for. */
export interface TorrentWanted {
  /** Tells it from all others. */
  readonly key: string
  /** How much work it is to look at its files, about; see Planning. */
  readonly effort: number
  /** Whether that is so much that a client may not ask for it as often as it likes. */
  readonly isLarge: boolean
  /** Looks at its files. Fails with BtkitError when they can't be had, and as the budget does. */
  readonly plan: (budget: Budget) => Promise<PlannedTorrent>
}

/** A torrent that is right as of a moment. */
export interface CurrentTorrent {
  readonly torrent: KnownTorrent
  /**
   * Since when it is known to be this one, for those who ask whether it changed: milliseconds since
   * 1970.
   */
  readonly sinceMs: number
  /** When its files were last looked at, in milliseconds on the clock that is never set. */
  checkedAt: number
}

/** Where torrents came from so far. */
export interface Origins {
  memory: number
  cache: number
  files: number
}

export interface OnDemandParts extends Pick<ServerContext, 'monotonic'> {
  readonly cacheAccess: CacheAccess
  readonly hasher: FileHasher
  readonly planner: Planner
  readonly clients: Clients
  readonly memory: MemoryPool
}

/**
 * Torrents of files as they are now. One that is asked for many times at once is made once; one
 * whose files did not change comes out of the cache.
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
  readonly #pending = new Map<string, PendingTorrent<CurrentTorrent>>()
  readonly #parts: OnDemandParts
  #expiredAt = -Infinity

  constructor(parts: OnDemandParts) {
    this.#parts = parts
  }

  get cacheAccess(): CacheAccess {
    return this.#parts.cacheAccess
  }

  /** How many torrents are being looked at or made. */
  get pending(): number {
    return this.#pending.size
  }

  /** How far the torrents are whose files have to be hashed. */
  underWay(): ProgressStatus[] {
    return [...this.#pending.values()].flatMap(({ progress }) => progress?.tell() ?? [])
  }

  /** Has everything looked at anew, as if it had been long since it was. */
  expire(): void {
    this.#expiredAt = this.#parts.monotonic()
    this.#pending.clear()
  }

  /** Whether a torrent's files were looked at so lately that it can be given away as it is. */
  isFresh({ checkedAt }: CurrentTorrent): boolean {
    return checkedAt > this.#expiredAt && this.#parts.monotonic() - checkedAt < FRESH_FOR
  }

  /**
   * Obtains a torrent. The work goes on as long as anybody wants it: see PendingTorrent.
   * @throws Refusal, or BtkitError as the files can't be read
   */
  async obtain(wanted: TorrentWanted, requester: Waiter): Promise<CurrentTorrent> {
    const checked = this.#checked.get(wanted.key)
    if (checked && this.isFresh(checked)) {
      this.origins.memory++
      return checked
    }
    const pending = this.#pending.get(wanted.key) ?? this.#begin(wanted, requester.client)
    return pending.wait(requester)
  }

  #begin(wanted: TorrentWanted, client: string | null): PendingTorrent<CurrentTorrent> {
    const { clients, memory } = this.#parts
    const endWork = clients.begin(client, wanted.isLarge)
    const work: Work<CurrentTorrent> = (own) => this.#tryTwice(wanted, own)
    const pending = new PendingTorrent(work, client, memory.open(client))
    pending.promise.then(endWork, endWork)
    this.#pending.set(wanted.key, pending)
    const end = () => {
      if (this.#pending.get(wanted.key) === pending) this.#pending.delete(wanted.key)
    }
    pending.promise.then(end, end)
    // Whoever asks from now on is not to wait for what was given up
    pending.signal.addEventListener('abort', end)
    return pending
  }

  async #tryTwice(
    wanted: TorrentWanted,
    pending: PendingTorrent<CurrentTorrent>,
  ): Promise<CurrentTorrent> {
    for (let tries = 0; tries < 2; tries++) {
      try {
        return await this.#check(wanted, pending)
      } catch (error) {
        if (!isChange(error)) throw error
      }
    }
    throw new NotReady('the files change while they are read: ask again later', 10)
  }

  /** Looks at the files, and makes the torrent unless it is known. */
  async #check(
    wanted: TorrentWanted,
    pending: PendingTorrent<CurrentTorrent>,
  ): Promise<CurrentTorrent> {
    const look = await this.#lookUntilQuiet(wanted, pending)
    const checked = this.#checked.get(wanted.key)
    if (look.isUnchanged && checked) {
      this.origins.memory++
      checked.checkedAt = look.checkedAt
      return checked
    }
    const torrent = await this.#make(look, pending)
    // Dates are told in seconds, and one torrent must not have that of another
    const sinceMs = Math.max(look.checkedMs, checked ? checked.sinceMs + 1000 : 0)
    const made = { torrent, sinceMs, checkedAt: look.checkedAt }
    if (torrent.isCacheable) this.#checked.set(wanted.key, made)
    return made
  }

  /** Looks at the files, and looks again as long as they are being written. */
  async #lookUntilQuiet(
    wanted: TorrentWanted,
    pending: PendingTorrent<CurrentTorrent>,
  ): Promise<Look> {
    const { client, signal, memory } = pending
    const planning = { effort: wanted.effort, client, signal, memory }
    let before: Content | null = null
    for (let count = 0; count < LOOKS; count++) {
      const look = await this.#parts.planner.run(planning, (budget) => {
        // What the last look came to is not needed any more
        memory.clear()
        return this.#look(wanted, budget, before)
      })
      if ('request' in look) return look
      before = look.content
      await setTimeout(QUIET_PERIOD)
    }
    throw new BtkitError('changed', 'the files are being written')
  }

  /** Looks at the files once, and in the cache if they are quiet. */
  async #look(
    wanted: TorrentWanted,
    budget: Budget,
    before: Content | null,
  ): Promise<Look | PlannedTorrent> {
    const { trust, now } = this.cacheAccess
    const [checkedAt, checkedMs] = [this.#parts.monotonic(), now()]
    const plan = await wanted.plan(budget)
    const { content, options } = plan
    if (!isQuiet(content, now(), before)) return plan
    const request = await budget.runSteps(requestingInfo(content, options, trust))
    const seen = { ...plan, request, checkedAt, checkedMs }
    const known = this.#checked.get(wanted.key)?.torrent
    if (known && isSame(known, { ...plan, input: request.input })) {
      return { ...seen, isUnchanged: true, recalled: known }
    }
    const recalled = await budget.runSteps(recallingInfo(request, this.cacheAccess))
    return { ...seen, isUnchanged: false, recalled }
  }

  /** Takes the torrent out of the cache, or has what the cache does not know of it hashed. */
  async #make(
    { request, recalled, directory, omitted }: Look,
    pending: PendingTorrent<CurrentTorrent>,
  ): Promise<KnownTorrent> {
    const { input, content } = request
    const title = titleOf(content)
    const placed = { input, directory, omitted, title }
    if ('info' in recalled) {
      this.origins.cache++
      return knownTorrent({ ...recalled, ...placed, isCacheable: true }, content)
    }
    const progress = new TorrentProgress(title, content.size, this.#parts.monotonic)
    pending.progress = progress
    await waitForWriters(content, unknownFiles(content, recalled.table), pending.signal)
    const { client, signal } = pending
    const onProgress = (bytesHashed: number, bytesWanted: number) => {
      progress.note(bytesHashed, bytesWanted)
    }
    const wanted = { ...recalled, request, client, signal, onProgress }
    const { info, pieceLayers, isSettled } = await this.#parts.hasher.obtain(wanted)
    this.origins.files++
    return knownTorrent({ info, pieceLayers, ...placed, isCacheable: isSettled }, content)
  }
}

/** What a look at the files of a torrent, and in the cache, came to. */
interface Look extends PlannedTorrent {
  readonly request: InfoRequest
  readonly recalled: RecalledInfo
  /** Whether the torrent is the one that was given before. */
  readonly isUnchanged: boolean
  /** When the look began, on the clock that is never set and in milliseconds since 1970. */
  readonly checkedAt: number
  readonly checkedMs: number
}

/** Whether a torrent is what would be made now. */
function isSame(known: KnownTorrent, now: Pick<KnownTorrent, 'input' | 'omitted'>): boolean {
  const isSameInput = Buffer.compare(known.input, now.input) === 0
  return isSameInput && known.omitted.join('\n') === now.omitted.join('\n')
}

/** Whether files changed, or went, while they were read. */
function isChange(error: unknown): boolean {
  if (!(error instanceof BtkitError) || error instanceof Refusal) return false
  return error.code === 'changed' || error.code === 'not-found'
}
