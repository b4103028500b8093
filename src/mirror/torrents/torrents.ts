import { LRUCache } from 'lru-cache'
import { NotReady, Refusal } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import type { MemoryPool } from '../admission/memory.js'
import type { ProgressStatus } from '../progress/progress.js'
import { Flights, type Waiter } from './flights.js'
import type { KnownTorrent } from './known-torrent.js'
import type { ObtainedTorrent, Maker, TorrentSource, TorrentWork } from './make.js'

/** Milliseconds for which the lookup of files counts. */
const FRESH_FOR = 1000

/** Bytes of memory for recent torrents. */
const MEMORY = 16 * 1024 * 1024

/** Bytes that a torrent takes beside its info and directory. */
const ENTRY_COST = 1000

/** What is too large is refused for so many milliseconds without another search. */
const REFUSED = { max: 1000, ttl: 10_000 }

/** A torrent that was right at a certain time. */
export interface CurrentTorrent {
  readonly torrent: KnownTorrent
  /** When its files were last looked up, in milliseconds of the monotonic clock. */
  checkedAt: number
}

/** Numbers of torrents by their source. */
export type Origins = Record<ObtainedTorrent['from'], number>

/** Learns of each torrent, again whenever its files were found unchanged. */
export type MadeListener = (made: ObtainedTorrent) => void

/** Somebody who wants a torrent made before clients ask. */
export interface Ahead extends Pick<NonNullable<TorrentWork['ahead']>, 'throttle'> {
  /** Aborts when the torrent is no longer wanted. */
  readonly signal: AbortSignal
}

/** How torrents are made, and who learns of them. */
interface Making {
  readonly maker: Maker
  readonly memory: MemoryPool
  readonly onMade: MadeListener | null
}

/**
 * The torrents of the current files. A torrent that several clients request at once is made only
 * once.
 */
export class Torrents {
  readonly origins: Origins = { memory: 0, cache: 0, files: 0 }
  readonly #known = new LRUCache<string, CurrentTorrent>({
    maxSize: MEMORY,
    sizeCalculation: ({ torrent: { info, pieceLayers, directory, omitted } }) => {
      const paths = [...(directory ?? []), ...omitted]
      const layers = pieceLayers?.length ?? 0
      return ENTRY_COST + info.length + layers + paths.join().length
    },
  })
  readonly #refused = new LRUCache<string, Refusal>(REFUSED)
  readonly #flights: Flights<CurrentTorrent>
  #expiredAt = -Infinity

  constructor(
    private readonly making: Making,
    private readonly monotonic: ServerContext['monotonic'],
  ) {
    this.#flights = new Flights(making.memory)
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
  isFresh({ checkedAt }: CurrentTorrent): boolean {
    return checkedAt > this.#expiredAt && this.monotonic() - checkedAt < FRESH_FOR
  }

  /**
   * Obtains a torrent for a client. The work goes on as long as anybody wants it: see Flight.
   * @throws Refusal; BtkitError if the files cannot be read
   */
  async obtain(source: TorrentSource, waiter: Waiter | Ahead): Promise<CurrentTorrent> {
    if ('throttle' in waiter) return this.#makeAhead(source, waiter)
    const refused = this.#refused.get(source.key)
    if (refused) throw refused
    const known = this.#known.get(source.key)
    if (known && this.isFresh(known)) {
      this.origins.memory++
      return known
    }
    return this.#flights.join(source.key, waiter, (own) => this.#make(source, own))
  }

  /** Makes a torrent that nobody waits for yet, and gives way to clients. */
  async #makeAhead(source: TorrentSource, { signal, throttle }: Ahead): Promise<CurrentTorrent> {
    signal.throwIfAborted()
    const working = new AbortController()
    const giveWay = () => {
      working.abort(new NotReady('somebody who waits needs the file', 1))
    }
    signal.addEventListener('abort', giveWay)
    const memory = this.making.memory.open(null)
    const ahead = { throttle, giveWay }
    try {
      return await this.#make(source, {
        client: null,
        signal: working.signal,
        memory,
        progress: null,
        ahead,
      })
    } finally {
      signal.removeEventListener('abort', giveWay)
      memory.close()
    }
  }

  async #make(source: TorrentSource, work: TorrentWork): Promise<CurrentTorrent> {
    const { key } = source
    const known = this.#known.get(key)
    const made = await this.making.maker
      .make(source, work, known?.torrent)
      .catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'too-many') this.#refused.set(key, error)
        throw error
      })
    const { torrent, checkedAt, from } = made
    if (!work.ahead) this.origins[from]++
    if (torrent.isCacheable && !source.isCompared) this.making.onMade?.(made)
    if (known?.torrent === torrent) {
      known.checkedAt = checkedAt
      return known
    }
    const current = { torrent, checkedAt }
    if (torrent.isCacheable && !work.ahead) this.#known.set(key, current)
    return current
  }
}
