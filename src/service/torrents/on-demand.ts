import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Content } from '../../core/content.js'
import { infoInput, recallInfo, type InfoOptions } from '../../core/content-info.js'
import type { Memory } from '../../core/memory.js'
import { areSettled } from '../../core/stamp.js'
import { BtkitError } from '../../errors.js'
import { NotReady } from '../refusal.js'
import { CALM, isCalm } from './calm.js'
import { waitFor, type Flight, type Patience } from './flight.js'
import type { HashDesk } from './hash-desk.js'
import { knownTorrent, type KnownTorrent } from './known-torrent.js'

/** How long what was seen of files counts, in milliseconds. */
const LOOK_AGAIN = 1000

/** The memory for torrents that were asked for lately, in bytes of their infos. */
const MEMORY = 32 * 1024 * 1024

/** How often files are looked at that are being written. */
const LOOKS = 10

/** What a torrent is made of, as its files are now. */
export interface TorrentPlan {
  readonly content: Content
  readonly options: InfoOptions
  /** See KnownTorrent. */
  readonly directory: readonly string[]
}

/** A torrent that is asked for. */
export interface TorrentWanted {
  /** Tells it from all others. */
  readonly key: string
  /** Looks at its files. Fails with BtkitError when they can't be had. */
  readonly plan: () => Promise<TorrentPlan>
}

/** A torrent that is right as of a moment; times are milliseconds since 1970. */
export interface CheckedTorrent {
  readonly torrent: KnownTorrent
  /** Since when it is known to be this one, for those who ask whether it changed. */
  readonly sinceMs: number
  /** When its files were last looked at. */
  checkedMs: number
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
    sizeCalculation: ({ torrent }) => torrent.info.length + 1000,
  })
  readonly #flights = new Map<string, Flight<CheckedTorrent>>()

  constructor(
    readonly memory: Memory,
    readonly desk: HashDesk,
  ) {}

  /** How many torrents are being looked at or made. */
  get flights(): number {
    return this.#flights.size
  }

  /** Whether a torrent's files were looked at so lately that it can be given away as it is. */
  isFresh({ checkedMs }: CheckedTorrent): boolean {
    return this.memory.now() - checkedMs < LOOK_AGAIN
  }

  /**
   * Obtains a torrent. When the client's patience ends before, the work goes on.
   * @throws Refusal, or BtkitError as the files can't be read
   */
  async obtain(wanted: TorrentWanted, patience: Patience): Promise<CheckedTorrent> {
    const checked = this.#checked.get(wanted.key)
    if (checked && this.isFresh(checked)) {
      this.origins.memory++
      return checked
    }
    return waitFor(this.#flights.get(wanted.key) ?? this.#begin(wanted), patience)
  }

  #begin(wanted: TorrentWanted): Flight<CheckedTorrent> {
    const flight: Flight<CheckedTorrent> = {
      promise: Promise.resolve().then(() => this.#tryTwice(wanted, flight)),
      waiters: 0,
      bytesDone: null,
    }
    this.#flights.set(wanted.key, flight)
    const end = () => this.#flights.delete(wanted.key)
    // A failure is for those who wait; there may be none
    flight.promise.then(end, end)
    return flight
  }

  async #tryTwice(wanted: TorrentWanted, flight: Flight<CheckedTorrent>): Promise<CheckedTorrent> {
    for (let tries = 0; tries < 2; tries++) {
      try {
        return await this.#check(wanted, flight)
      } catch (error) {
        if (!isChange(error)) throw error
      }
    }
    throw new NotReady('the files change while they are read: ask again later', 10)
  }

  /** Looks at the files, and makes the torrent unless it is known. */
  async #check(wanted: TorrentWanted, flight: Flight<CheckedTorrent>): Promise<CheckedTorrent> {
    const checkedMs = this.memory.now()
    const plan = await this.#plan(wanted)
    const input = infoInput(plan.content, plan.options, this.memory.trust)
    const checked = this.#checked.get(wanted.key)
    if (checked && Buffer.compare(checked.torrent.input, input) === 0) {
      this.origins.memory++
      checked.checkedMs = checkedMs
      return checked
    }
    const torrent = this.#recall(plan, input) ?? (await this.#make(plan, input, flight))
    // Dates are told in seconds, and one torrent must not have that of another
    const sinceMs = Math.max(checkedMs, checked ? checked.sinceMs + 1000 : 0)
    const made = { torrent, sinceMs, checkedMs }
    if (torrent.isSettled) this.#checked.set(wanted.key, made)
    return made
  }

  /** Looks at the files, and looks again as long as they are being written. */
  async #plan(wanted: TorrentWanted): Promise<TorrentPlan> {
    for (let look = 0; look < LOOKS; look++) {
      const plan = await wanted.plan()
      if (isCalm(plan.content, this.memory.now())) return plan
      await setTimeout(CALM)
    }
    throw new BtkitError('changed', 'the files are being written')
  }

  #recall({ content, options, directory }: TorrentPlan, input: Uint8Array): KnownTorrent | null {
    const recalled = recallInfo(content, options, this.memory)
    if (!recalled) return null
    this.origins.cache++
    return knownTorrent({ info: recalled.info, input, directory, isSettled: true })
  }

  async #make(
    { content, options, directory }: TorrentPlan,
    input: Uint8Array,
    flight: Flight<CheckedTorrent>,
  ): Promise<KnownTorrent> {
    const startedMs = this.memory.now()
    const isWanted = () => flight.waiters > 0
    const onProgress = (bytesDone: number) => {
      flight.bytesDone = bytesDone
    }
    const info = await this.desk.obtain({ content, options, isWanted, onProgress })
    this.origins.files++
    const isSettled = areSettled(content.files, startedMs, this.memory.trust)
    return knownTorrent({ info, input, directory, isSettled })
  }
}

/** Whether files changed, or went, while they were read. */
function isChange(error: unknown): boolean {
  return error instanceof BtkitError && error.code === 'changed'
}
