import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Content } from '../../core/digests/content.js'
import {
  infoRequest,
  recallInfo,
  type InfoOptions,
  type InfoRequest,
} from '../../core/digests/info.js'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import { unknownFiles } from '../../core/digests/unknown-files.js'
import { BtkitError } from '../../errors.js'
import { NotReady } from '../refusal.js'
import { isQuiet, LOOKS, QUIET_PERIOD } from './recent-writes.js'
import { PendingTorrent, type WaitLimit, type Work } from './pending.js'
import type { FileHasher } from './file-hasher.js'
import { knownTorrent, type KnownTorrent, type Placement } from './known-torrent.js'
import { waitForWriters } from './writers.js'

/** How long what was seen of files counts, in milliseconds. */
const FRESH_FOR = 1000

/** The memory for torrents that were asked for lately, in bytes of their infos. */
const MEMORY = 32 * 1024 * 1024

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
  /**
   * Looks at its files. Fails with BtkitError when they can't be had, and with the signal's reason
   * when it aborts.
   */
  readonly plan: (signal: AbortSignal) => Promise<PlannedTorrent>
}

/** A torrent that is right as of a moment. */
export interface CheckedTorrent {
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

/**
 * Torrents of files as they are now. One that is asked for many times at once is made once; one
 * whose files did not change comes out of the cache.
 */
export class OnDemand {
  readonly origins: Origins = { memory: 0, cache: 0, files: 0 }
  readonly #checked = new LRUCache<string, CheckedTorrent>({
    maxSize: MEMORY,
    sizeCalculation: ({ torrent: { info, directory, omitted } }) => {
      const paths = [...(directory ?? []), ...omitted]
      return ENTRY_COST + info.length + paths.join().length
    },
  })
  readonly #pending = new Map<string, PendingTorrent<CheckedTorrent>>()
  #expiredAt = -Infinity

  constructor(
    readonly cacheAccess: CacheAccess,
    readonly hasher: FileHasher,
    /** Milliseconds on a clock that is never set. */
    readonly monotonic: () => number,
  ) {}

  /** How many torrents are being looked at or made. */
  get pending(): number {
    return this.#pending.size
  }

  /** Has everything looked at anew, as if it had been long since it was. */
  expire(): void {
    this.#expiredAt = this.monotonic()
    this.#pending.clear()
  }

  /** Whether a torrent's files were looked at so lately that it can be given away as it is. */
  isFresh({ checkedAt }: CheckedTorrent): boolean {
    return checkedAt > this.#expiredAt && this.monotonic() - checkedAt < FRESH_FOR
  }

  /**
   * Obtains a torrent. The work goes on as long as anybody wants it: see PendingTorrent.
   * @throws Refusal, or BtkitError as the files can't be read
   */
  async obtain(wanted: TorrentWanted, waitLimit: WaitLimit): Promise<CheckedTorrent> {
    const checked = this.#checked.get(wanted.key)
    if (checked && this.isFresh(checked)) {
      this.origins.memory++
      return checked
    }
    const pending = this.#pending.get(wanted.key) ?? this.#begin(wanted, waitLimit.client)
    return pending.wait(waitLimit)
  }

  #begin(wanted: TorrentWanted, client: string | null): PendingTorrent<CheckedTorrent> {
    const work: Work<CheckedTorrent> = (pending) => this.#tryTwice(wanted, pending)
    const pending = new PendingTorrent(work, client)
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
    pending: PendingTorrent<CheckedTorrent>,
  ): Promise<CheckedTorrent> {
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
    pending: PendingTorrent<CheckedTorrent>,
  ): Promise<CheckedTorrent> {
    const checkedAt = this.monotonic()
    const checkedMs = this.cacheAccess.now()
    const plan = await this.#plan(wanted, pending.signal)
    const request = infoRequest(plan.content, plan.options, this.cacheAccess.trust)
    const checked = this.#checked.get(wanted.key)
    if (checked && isSame(checked.torrent, { ...plan, input: request.input })) {
      this.origins.memory++
      checked.checkedAt = checkedAt
      return checked
    }
    const torrent = await this.#make(request, plan, pending)
    // Dates are told in seconds, and one torrent must not have that of another
    const sinceMs = Math.max(checkedMs, checked ? checked.sinceMs + 1000 : 0)
    const made = { torrent, sinceMs, checkedAt }
    if (torrent.isCacheable) this.#checked.set(wanted.key, made)
    return made
  }

  /** Looks at the files, and looks again as long as they are being written. */
  async #plan(wanted: TorrentWanted, signal: AbortSignal): Promise<PlannedTorrent> {
    let before: Content | null = null
    for (let look = 0; look < LOOKS; look++) {
      signal.throwIfAborted()
      const plan = await wanted.plan(signal)
      if (isQuiet(plan.content, this.cacheAccess.now(), before)) return plan
      before = plan.content
      await setTimeout(QUIET_PERIOD)
    }
    throw new BtkitError('changed', 'the files are being written')
  }

  /** Takes the torrent out of the cache, or has what the cache does not know of it hashed. */
  async #make(
    request: InfoRequest,
    { directory, omitted }: Placement,
    pending: PendingTorrent<CheckedTorrent>,
  ): Promise<KnownTorrent> {
    const { input, content } = request
    const recalled = recallInfo(request, this.cacheAccess)
    if ('info' in recalled) {
      this.origins.cache++
      return knownTorrent({ info: recalled.info, input, directory, omitted, isCacheable: true })
    }
    await waitForWriters(content, unknownFiles(content, recalled.table), pending.signal)
    const { client, signal } = pending
    const onProgress = (bytesDone: number) => {
      pending.bytesDone = bytesDone
    }
    const wanted = { ...recalled, request, client, signal, onProgress }
    const { info, isSettled } = await this.hasher.obtain(wanted)
    this.origins.files++
    return knownTorrent({ info, input, directory, omitted, isCacheable: isSettled })
  }
}

/** Whether a torrent is what would be made now. */
function isSame(known: KnownTorrent, now: Pick<KnownTorrent, 'input' | 'omitted'>): boolean {
  const isSameInput = Buffer.compare(known.input, now.input) === 0
  return isSameInput && known.omitted.join('\n') === now.omitted.join('\n')
}

/** Whether files changed, or went, while they were read. */
function isChange(error: unknown): boolean {
  return error instanceof BtkitError && error.code === 'changed'
}
