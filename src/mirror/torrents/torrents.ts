import { NotReady, notFound, Refusal } from '../../server/headers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import type { MemoryPool } from '../../server/admission/memory.js'
import type { ProgressStatus } from './progress.js'
import { Flights, NOBODY, type Waiter } from './flights.js'
import type { CurrentTorrent, KnownThings } from './known-results.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { Content, SingleFile } from '../../core/digests/content.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import type { MirrorFacts } from './served-torrent.js'
import type { ObtainedTorrent, Maker, MirrorSource, TorrentWork } from './make.js'

/** Milliseconds for which the lookup of files counts. */
const FRESH_FOR = 1000

/** A torrent that is too large is refused for so many milliseconds without another search. */
const REFUSED_FOR = 10_000

/** Numbers of torrents by their source. */
export type Origins = Record<ObtainedTorrent['from'], number>

/** Milliseconds until a torrent is made again whose files changed just now; doubled each time. */
const AGAIN = 2100
const MOST_TIMES = 6

/** A torrent that was made, or is known from its record. */
export interface KnownTorrent extends Pick<ObtainedTorrent, 'options'> {
  readonly content: Content | SingleFile
  readonly facts: MirrorFacts
  /** Null if its bytes are not known. */
  readonly core: TorrentCore | null
  /** Bytes of its `info`. */
  readonly infoLength: number
}

/** Learns of each torrent and its source's key, again whenever its files were found unchanged. */
export type MadeListener = (made: KnownTorrent, key: string) => void

/**
 * The torrents of the current files. A torrent that several clients request at once is made only
 * once.
 */
export class Torrents {
  readonly origins: Origins = { memory: 0, cache: 0, files: 0 }
  readonly #flights: Flights<CurrentTorrent>
  /** The keys of torrents that are made again when their files can be settled. */
  readonly #young = new Set<string>()
  #expiredAt = -Infinity

  constructor(
    private readonly maker: Maker,
    private readonly known: KnownThings,
    memory: MemoryPool,
    private readonly onMade: MadeListener | null,
    private readonly monotonic: ServerContext['monotonic'],
  ) {
    this.#flights = new Flights(memory)
  }

  /** Number of torrents being looked up or made for clients. */
  get pending(): number {
    return this.#flights.size
  }

  /** The progress of the torrents that are being hashed for clients. */
  underWay(): ProgressStatus[] {
    return this.#flights.underWay()
  }

  /** Expires all lookups, so that everything is looked up again. */
  expire(): void {
    this.#expiredAt = this.monotonic()
    this.#flights.forget()
  }

  /** Whether a torrent's files were looked up so recently that it can be sent unchecked. */
  isFresh({ checkedAt }: Pick<CurrentTorrent, 'checkedAt'>, time = FRESH_FOR): boolean {
    return checkedAt > this.#expiredAt && this.monotonic() - checkedAt < time
  }

  /** Whether a torrent can be sent again: it is fresh, or its file is in the same state. */
  isCurrent(checked: CurrentTorrent): boolean {
    const isFresh = this.isFresh(checked)
    // The seed learns of each torrent that is sent
    if (!isFresh && (this.onMade || !checked.isSameNow?.())) return false
    if (!isFresh) checked.checkedAt = this.monotonic()
    this.origins.memory++
    return true
  }

  /**
   * Obtains a torrent. The work goes on as long as anybody wants it: see Flight.
   * @throws Refusal; BtkitError if the files cannot be read
   */
  async obtain(source: MirrorSource, waiter: Waiter): Promise<CurrentTorrent> {
    const { key, isSameNow } = source
    const known = this.known.get(key)
    if (known && 'refusal' in known) {
      if (this.isFresh(known, REFUSED_FOR)) throw known.refusal
    } else if (
      !waiter.ahead &&
      known &&
      'torrent' in known &&
      (this.isFresh(known) || this.#isSame(known, source))
    ) {
      this.origins.memory++
      return Object.assign(known, isSameNow && { isSameNow })
    }
    return this.#flights.join(key, waiter, (own) => this.#make(source, own))
  }

  /**
   * Whether a look just found the file in the state of its torrent. With a seed, the torrent is
   * made again, because the seed learns of it.
   */
  #isSame(known: CurrentTorrent, { state }: MirrorSource): boolean {
    if (this.onMade || !state || state !== known.torrent.state) return false
    known.checkedAt = this.monotonic()
    return true
  }

  /**
   * Makes a torrent again when its files can be settled: until then, a change may leave no trace.
   */
  #makeAgain(source: MirrorSource, times: number): void {
    const { key } = source
    if (times === MOST_TIMES || this.#young.has(key)) return
    this.#young.add(key)
    const ahead = { throttle: undefined }
    const again = async () => {
      this.#young.delete(key)
      const made = await this.obtain(source, { ...NOBODY, ahead }).catch(() => null)
      if (made?.torrent.isCacheable !== true) this.#makeAgain(source, times + 1)
    }
    setTimeout(() => void again(), AGAIN * 2 ** times).unref()
  }

  /** Ends all work that nobody waits for, and lets none begin. */
  endAhead(): void {
    this.#flights.endAhead(new NotReady('the server is stopping', 10))
  }

  async #make(source: MirrorSource, work: TorrentWork): Promise<CurrentTorrent> {
    const { key } = source
    const before = this.known.get(key)
    const known = before && 'torrent' in before ? before : undefined
    const made = await this.maker.make(source, work, known?.torrent).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'too-many')
        this.known.set(key, { refusal: error, checkedAt: this.monotonic() })
      throw error
    })
    const { torrent, checkedAt, from } = made
    const isAhead = work.first.ahead !== undefined
    if (!isAhead) this.origins[from]++
    const { infoHash } = work.first.ahead ?? {}
    if (infoHash && !swarmHashes(torrent.infoHashes).includes(infoHash)) throw notFound(infoHash)
    const { onMade } = this
    if (onMade && !source.isCompared) {
      if (torrent.isCacheable) onMade(knownTorrent(made), key)
      else if (!isAhead) this.#makeAgain(source, 0)
    }
    if (known?.torrent === torrent) {
      known.checkedAt = checkedAt
      return known
    }
    const isSameNow = torrent.state === source.state ? source.isSameNow : undefined
    const current = { torrent, checkedAt, isSameNow }
    if (torrent.isCacheable && !isAhead) this.known.set(key, current)
    return current
  }
}

function knownTorrent({ torrent, content, options }: ObtainedTorrent): KnownTorrent {
  const file = content.isDirectory ? undefined : content.files.at(0)
  const { version, pieceLength } = content
  return {
    content: file ? { file, version, pieceLength } : content,
    options,
    facts: torrent,
    core: torrent,
    infoLength: torrent.info.length,
  }
}
