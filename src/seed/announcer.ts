import { randomBytes } from 'node:crypto'
import { announceSeed, canAnnounce, type NamedPeer } from '../clients/scrape/announce.js'
import { hashesOf, MOST_DIALLED_OF_TORRENT, type SeedTorrent } from './seeder.js'

/** Announces that are begun in a second, and that wait for answers, at most. */
const PER_SECOND = 20
const AT_ONCE = 32

/** Milliseconds between announces: without a tracker's word, and whatever it says. */
const USUAL = 30 * 60_000
const SHORTEST = 60_000
const LONGEST = 2 * 60 * 60_000

/** Announces are moved by up to this share of their interval, so that they spread. */
const SPREAD = 0.1

/** Milliseconds that all last announces together may take. */
const FAREWELL = 3000

export interface AnnouncerOptions {
  readonly peerId: string
  /** Where the seeder listens. */
  readonly port: () => number
  readonly monotonic: () => number
  /** Bytes sent for a torrent. */
  readonly uploadedOf: (torrent: SeedTorrent) => number
  readonly onPeers: (torrent: SeedTorrent, peers: readonly NamedPeer[]) => void
}

/** A tier of a torrent's trackers (BEP 12), of which the first that answers is used. */
interface Tier {
  readonly torrent: SeedTorrent
  readonly infoHash: string
  readonly urls: string[]
  nextAt: number
  failures: number
  hasStarted: boolean
  isAsking: boolean
  /** Why the last announce failed; null if it did not. */
  error: string | null
}

/** How announces go. */
export interface AnnounceStatus {
  /** Tiers of all torrents. */
  readonly tiers: number
  readonly failing: number
}

/** Announces torrents to their trackers: spread over time, and less often while they fail. */
export class Announcer {
  readonly #tiers = new Map<SeedTorrent, Tier[]>()
  readonly #key = randomBytes(4).readUInt32BE()
  readonly #ending = new AbortController()
  readonly #timer: NodeJS.Timeout
  #asking = 0

  constructor(private readonly options: AnnouncerOptions) {
    this.#timer = setInterval(() => {
      this.#announceDue()
    }, 1000).unref()
  }

  get status(): AnnounceStatus {
    const all = [...this.#tiers.values()].flat()
    return { tiers: all.length, failing: all.filter(({ failures }) => failures > 0).length }
  }

  /** The trackers of a torrent that fail, each with the reason. */
  failuresOf(torrent: SeedTorrent): { readonly tracker: string; readonly reason: string }[] {
    return (this.#tiers.get(torrent) ?? []).flatMap(({ urls: [tracker = ''], error }) => {
      return error === null ? [] : [{ tracker, reason: error }]
    })
  }

  add(torrent: SeedTorrent): void {
    if (this.#tiers.has(torrent)) return
    const tiers = torrent.trackers.map((urls) => urls.filter(canAnnounce))
    const nextAt = this.options.monotonic()
    this.#tiers.set(
      torrent,
      hashesOf(torrent).flatMap((infoHash) => {
        return tiers
          .filter((urls) => urls.length > 0)
          .map((urls) => ({
            ...{ torrent, infoHash, urls: [...urls], nextAt, error: null },
            ...{ failures: 0, hasStarted: false, isAsking: false },
          }))
      }),
    )
    if (this.#tiers.size === 1) this.#announceDue()
  }

  /** Tells the trackers of a torrent that it is not seeded any more. */
  remove(torrent: SeedTorrent): void {
    const tiers = this.#tiers.get(torrent) ?? []
    this.#tiers.delete(torrent)
    for (const tier of tiers) void this.#stop(tier, this.#ending.signal)
  }

  /** Tells all trackers, as far as they answer in some seconds. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#ending.abort()
    const farewell = new AbortController()
    const timer = setTimeout(() => {
      farewell.abort()
    }, FAREWELL)
    const tiers = [...this.#tiers.values()].flat().values()
    const work = async () => {
      for (const tier of tiers)
        if (!farewell.signal.aborted) await this.#stop(tier, farewell.signal)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    clearTimeout(timer)
  }

  #announceDue(): void {
    const now = this.options.monotonic()
    let left = PER_SECOND
    for (const tiers of this.#tiers.values()) {
      for (const tier of tiers) {
        if (left === 0 || this.#asking >= AT_ONCE) return
        if (tier.isAsking || tier.nextAt > now) continue
        left--
        void this.#announce(tier)
      }
    }
  }

  async #announce(tier: Tier): Promise<void> {
    const { torrent, urls } = tier
    this.#asking++
    tier.isAsking = true
    let wait = USUAL
    try {
      const answer = await this.#ask(tier, tier.hasStarted ? null : 'started', this.#ending.signal)
      wait = Math.min(LONGEST, Math.max(SHORTEST, answer.interval * 1000 || USUAL))
      Object.assign(tier, { failures: 0, hasStarted: true, error: null })
      if (this.#tiers.has(torrent)) this.options.onPeers(torrent, answer.peers)
    } catch (error) {
      tier.error = error instanceof Error ? error.message : String(error)
      // The next tracker of the tier has its turn
      urls.push(...urls.splice(0, 1))
      wait = Math.min(LONGEST, SHORTEST * 2 ** Math.min(tier.failures, 10))
      tier.failures++
    } finally {
      this.#asking--
      tier.isAsking = false
    }
    const moved = wait * (1 + SPREAD * (2 * Math.random() - 1))
    tier.nextAt = this.options.monotonic() + moved
  }

  async #stop(tier: Tier, signal: AbortSignal): Promise<void> {
    if (!tier.hasStarted) return
    try {
      await this.#ask(tier, 'stopped', signal)
    } catch {
      // It forgets the seed by itself after a while
    }
  }

  #ask(
    { torrent, infoHash, urls }: Tier,
    event: 'started' | 'stopped' | null,
    signal: AbortSignal,
  ) {
    const { peerId, port, uploadedOf } = this.options
    const [url = ''] = urls
    const wanted = event === 'stopped' ? 0 : MOST_DIALLED_OF_TORRENT
    const uploaded = uploadedOf(torrent)
    return announceSeed({
      ...{ url, infoHash, peerId, uploaded, event, wanted, signal },
      port: port(),
      key: this.#key,
    })
  }
}
