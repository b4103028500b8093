import { once } from 'node:events'
import { canAnnounce, type AnnounceUrl } from '../trackers/announce.js'
import { ScrapeFailure, RefusedByTracker } from '../trackers/swarm-counts.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import { hideUrls } from '../../base/text/secrets.js'
import { trace } from '../../base/text/trace.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { SeedTorrent } from './seeded.js'
import { MOST_DIALLED_OF_TORRENT, type Seeder } from './seeder.js'
import { TrackerHost, type TrackerHere } from './tracker-host.js'

/** Announces to one tracker that are begun in a second, at most. */
const PER_SECOND = 100

/** Seconds in which the announces of very many torrents are begun. */
const ROUND = 60

/** Milliseconds between announces: without a tracker's word, and whatever it says. */
const USUAL = 30 * 60_000
const SHORTEST = 60_000
const LONGEST = 24 * 60 * 60_000

/** The longest pause after failures, in milliseconds. */
const LONGEST_FAILING = 2 * 60 * 60_000

/**
 * Announces come later by up to this share of their interval, so that they spread; never sooner.
 */
const SPREAD = 0.1

/**
 * Milliseconds in which a torrent that is removed and added again, such as a .torrent that was
 * renamed, is the same seed for its trackers.
 */
const GRACE = 3000

/** Milliseconds that all last announces together may take. */
const FAREWELL = 3000

interface Tracker {
  readonly url: AnnounceUrl
  readonly host: TrackerHost
  /** The identifier that it gave; null if it gave none. */
  id: string | null
  /** When it may be asked again: it said so with a refusal. */
  notBefore: number
}

/** A tier of a torrent's trackers (BEP 12), of which the first that answers is used. */
interface Tier {
  torrent: SeedTorrent
  readonly infoHash: InfoHash
  /** Identifies the seed for its trackers: the info hash, and the URLs in their first order. */
  readonly key: string
  /** Bytes sent before the torrent was added again. */
  uploadedBefore: number
  /** The port that its trackers know. */
  port: number
  readonly trackers: Tracker[]
  nextAt: number
  failures: number
  hasStarted: boolean
  isAsking: boolean
  /** Whether it may succeed at once if it fails now. */
  isRetried: boolean
  /** Why the last announce failed; null if it did not. */
  error: string | null
  /** The tracker's warning in its last answer; null if there was none. */
  warning: string | null
  /** The failure of all its trackers, or the warning, that was noted last. */
  noted: string | null
}

/**
 * Receives the first failure or warning of its kind, and the tracker that answers again when the
 * last torrent with that failure is announced; then the problem is null.
 */
export type OnTrackerChange = (
  torrent: SeedTorrent,
  change: { readonly tracker: string; readonly problem: string | null },
) => void

/** A tracker's failure or warning. */
interface TrackerWords {
  readonly tracker: string
  readonly reason: string
}

/** Announces torrents to their trackers: spread over time, and less often while they fail. */
export class Announcer {
  readonly #tiers = new Map<SeedTorrent, Tier[]>()
  /** Tiers of removed torrents by key, with the time of their last announces. */
  readonly #leaving = new Map<string, { readonly tier: Tier; readonly at: number }>()
  /** Last announces under way, by key. */
  readonly #stopping = new Map<string, Promise<void>>()
  /** How many tiers fail in the same way: one line is enough for all their torrents. */
  readonly #failing = new Map<string, number>()
  readonly #ending = new AbortController()
  readonly #timer: NodeJS.Timeout
  /** By name and port. */
  readonly #hosts = new Map<string, TrackerHost>()
  #tierCount = 0

  /**
   * `address` is the IP address in announces; null for the one that trackers see. `own` is the
   * tracker of this process, which may refuse a torrent until somebody asks for it; that is no
   * failure.
   */
  constructor(
    private readonly seeder: Seeder,
    private readonly address: string | null,
    private readonly onChange: OnTrackerChange = () => undefined,
    private readonly own: TrackerHere | null = null,
  ) {
    this.#timer = setInterval(() => {
      this.#tellLeaving()
      this.#announceDue()
    }, 1000).unref()
  }

  /** The trackers of a torrent that fail, each with the reason. */
  failuresOf(torrent: SeedTorrent): TrackerWords[] {
    return (this.#tiers.get(torrent) ?? []).flatMap(({ trackers, error }) => {
      // The tracker that failed went to the end of its tier
      return error === null ? [] : [{ tracker: trackers.at(-1)?.url ?? '', reason: error }]
    })
  }

  /** The trackers of a torrent that warn of something, each with its words. */
  warningsOf(torrent: SeedTorrent): TrackerWords[] {
    return (this.#tiers.get(torrent) ?? []).flatMap(({ trackers, warning }) => {
      return warning === null ? [] : [{ tracker: trackers[0]?.url ?? '', reason: warning }]
    })
  }

  /** How trackers fail and warn now, without passkeys, and in how many tiers of torrents. */
  get failing(): { readonly problem: string; readonly count: number }[] {
    return Array.from(this.#failing, ([problem, count]) => ({ problem: hideUrls(problem), count }))
  }

  /** Whether there are trackers to which a torrent is announced. */
  isAnnounced(torrent: SeedTorrent): boolean {
    return (this.#tiers.get(torrent) ?? []).length > 0
  }

  add(torrent: SeedTorrent): void {
    if (this.#tiers.has(torrent)) return
    const known = torrent.trackers.map((urls) => urls.filter(canAnnounce))
    const tiers = swarmHashes(torrent).flatMap((infoHash) => {
      return known
        .filter((urls) => urls.length > 0)
        .map((urls) => this.#tierOf(torrent, infoHash, urls))
    })
    this.#tiers.set(torrent, tiers)
    this.#tierCount += tiers.length
    if (this.#tiers.size === 1) this.#announceDue()
  }

  /** The tier of a torrent that is added: the one that it left just now, or a new one. */
  #tierOf(torrent: SeedTorrent, infoHash: InfoHash, urls: readonly AnnounceUrl[]): Tier {
    const key = [infoHash, ...urls].join(' ')
    const left = this.#leaving.get(key)?.tier
    if (left) {
      this.#leaving.delete(key)
      return Object.assign(left, { torrent })
    }
    const stopping = this.#stopping.get(key)
    const tier = {
      torrent,
      infoHash,
      key,
      uploadedBefore: 0,
      port: this.seeder.outerPort,
      nextAt: this.seeder.monotonic(),
      error: null,
      warning: null,
      noted: null,
      failures: 0,
      hasStarted: false,
      isAsking: stopping !== undefined,
      isRetried: false,
      trackers: urls.map((url) => ({ url, host: this.#hostOf(url), id: null, notBefore: 0 })),
    }
    // Else a tracker may handle the end after the start
    void stopping?.then(() => {
      tier.isAsking = false
    })
    return tier
  }

  /** Announces a torrent at once to the trackers that have not accepted it yet. */
  retry(torrent: SeedTorrent): void {
    for (const tier of this.#tiers.get(torrent) ?? []) {
      if (tier.hasStarted) continue
      for (const tracker of tier.trackers) tracker.notBefore = 0
      if (tier.isAsking) tier.isRetried = true
      else if (this.#firstOf(tier).host.waiting < PER_SECOND) void this.#announce(tier)
      else tier.nextAt = this.seeder.monotonic()
    }
  }

  /** Announces all torrents again: the port outside is another one. */
  announceAgain(): void {
    for (const tier of [...this.#tiers.values()].flat())
      if (tier.hasStarted) tier.nextAt = this.seeder.monotonic()
  }

  /** Tells the trackers of a torrent soon that it is not seeded any more. */
  remove(torrent: SeedTorrent): void {
    const tiers = this.#tiers.get(torrent) ?? []
    if (this.#tiers.delete(torrent)) this.#tierCount -= tiers.length
    const at = this.seeder.monotonic() + GRACE
    for (const tier of tiers) {
      this.#count(tier, null)
      tier.uploadedBefore += this.#sentOf(tier)
      this.#leaving.set(tier.key, { tier, at })
    }
  }

  /** Tells the trackers of the torrents that were not added again. */
  #tellLeaving(): void {
    const now = this.seeder.monotonic()
    for (const [key, { tier, at }] of this.#leaving) {
      if (at > now || tier.isAsking) continue
      this.#leaving.delete(key)
      const stopping = this.#stop(tier, this.#ending.signal).finally(() => {
        this.#stopping.delete(key)
      })
      this.#stopping.set(key, stopping)
    }
  }

  /** Tells all trackers, as far as they answer in some seconds. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#ending.abort()
    const farewell = new AbortController()
    const timer = setTimeout(() => {
      farewell.abort()
    }, FAREWELL)
    const leaving = Array.from(this.#leaving.values(), ({ tier }) => tier)
    const all = [...this.#tiers.values(), leaving].flat()
    const stops = all.map((tier) => this.#stop(tier, farewell.signal))
    await Promise.race([Promise.all(stops), once(farewell.signal, 'abort')])
    clearTimeout(timer)
  }

  #announceDue(): void {
    const now = this.seeder.monotonic()
    const most = Math.max(PER_SECOND, Math.ceil(this.#tierCount / ROUND))
    for (const [torrent, tiers] of this.#tiers) {
      for (const tier of tiers) {
        if (tier.isAsking || tier.nextAt > now) continue
        if (this.#firstOf(tier).host.waiting >= most) continue
        void this.#announce(tier)
        // Others have their turn before this one is due again
        this.#tiers.delete(torrent)
        this.#tiers.set(torrent, tiers)
      }
    }
  }

  /**
   * Asks one tracker of a tier, and decides when the tier is due again.
   *
   * - An answer: after the interval that the tracker wants, within bounds of ours.
   * - A failure: the next tracker of the tier is asked at once (BEP 12). When all have failed, the
   *   tier waits, each round twice as long as before. A tracker that says when to come again is
   *   passed over until then.
   * - The port outside changed: the tier tells `stopped` with the old one, and begins again.
   *
   * Listeners hear of a problem once for all torrents that have it, and when it is over (`#count`).
   */
  async #announce(tier: Tier): Promise<void> {
    const { torrent, trackers } = tier
    Object.assign(tier, { isAsking: true, isRetried: false })
    let wait = USUAL
    const tracker = this.#firstOf(tier)
    const { url } = tracker
    try {
      await this.#changePort(tier)
      const event = tier.hasStarted ? null : 'started'
      const answer = await this.#ask(tier, event, this.#ending.signal)
      wait = Math.min(LONGEST, Math.max(SHORTEST, answer.interval * 1000 || USUAL))
      tracker.id = answer.trackerId ?? tracker.id
      const hadFailed = tier.error !== null
      const warning = answer.warning && `warns: ${answer.warning}`
      Object.assign(tier, { failures: 0, hasStarted: true, error: null, warning })
      if (this.#tiers.has(torrent)) {
        const isNew = this.#count(tier, warning && `${url} ${warning}`)
        if (isNew && (hadFailed || warning !== null))
          this.onChange(torrent, { tracker: url, problem: warning })
      }
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      Object.assign(tier, { error: failure, warning: null })
      const pause = error instanceof ScrapeFailure ? (error.retrySeconds ?? 0) : 0
      if (!tier.isRetried) tracker.notBefore = this.seeder.monotonic() + pause * 1000
      // The next tracker of the tier has its turn, at once unless all have failed
      trackers.push(...trackers.splice(0, 1))
      const rounds = Math.floor(tier.failures++ / trackers.length)
      const isRoundOver = tier.failures % trackers.length === 0
      const isAtOnce = !isRoundOver || tier.isRetried
      trace(() => {
        const next = isRoundOver ? 'asked later' : `left for ${trackers[0]?.url ?? ''}`
        return `${torrent.name}: ${url} is ${next}: ${failure}`
      })
      wait = isAtOnce ? 0 : Math.min(LONGEST_FAILING, SHORTEST * 2 ** Math.min(rounds, 10))
      const isOwn = url === this.own?.url && error instanceof RefusedByTracker
      const isOver =
        isOwn || !isRoundOver || this.#ending.signal.aborted || !this.#tiers.has(torrent)
      if (!isOver && this.#count(tier, `${url} ${failure}`))
        this.onChange(torrent, { tracker: url, problem: failure })
    } finally {
      tier.isAsking = false
    }
    // It was mapped meanwhile
    if (tier.hasStarted && tier.port !== this.seeder.outerPort) wait = 0
    const moved = this.seeder.monotonic() + wait * (1 + SPREAD * Math.random())
    tier.nextAt = Math.max(moved, Math.min(...trackers.map(({ notBefore }) => notBefore)))
  }

  #hostOf(url: string): TrackerHost {
    const { host } = new URL(url)
    const here = url === this.own?.url ? this.own : null
    const key = here ? url : host
    const known = this.#hosts.get(key) ?? new TrackerHost(url, this.seeder, here)
    this.#hosts.set(key, known)
    return known
  }

  /** The first tracker of a tier that wants a request now; the others go to its end. */
  #firstOf({ trackers }: Tier): Tracker {
    const now = this.seeder.monotonic()
    const due = trackers.findIndex(({ notBefore }) => notBefore <= now)
    if (due > 0) trackers.push(...trackers.splice(0, due))
    const [first] = trackers
    if (first === undefined) throw new Error('a tier without trackers')
    return first
  }

  /**
   * Notes how all trackers of a tier fail; null if they do not. Returns whether no other tier fails
   * so now, or if there is no failure, whether the last one that did is over.
   */
  #count(tier: Tier, failure: string | null): boolean {
    const { noted } = tier
    if (noted === failure) return false
    tier.noted = failure
    const left = noted === null ? 1 : (this.#failing.get(noted) ?? 1) - 1
    if (noted !== null && left > 0) this.#failing.set(noted, left)
    else if (noted !== null) this.#failing.delete(noted)
    if (failure === null) return left === 0
    const before = this.#failing.get(failure) ?? 0
    this.#failing.set(failure, before + 1)
    return before === 0
  }

  /** Lets a tier begin again with the port outside if that is another one. */
  async #changePort(tier: Tier): Promise<void> {
    const { outerPort } = this.seeder
    if (tier.port === outerPort) return
    // Else some trackers would name both ports
    await this.#stop(tier, this.#ending.signal)
    Object.assign(tier, { port: outerPort, hasStarted: false })
  }

  async #stop(tier: Tier, signal: AbortSignal): Promise<void> {
    if (!tier.hasStarted) return
    try {
      await this.#ask(tier, 'stopped', signal)
    } catch {
      // It forgets the seed by itself after a while
    }
  }

  /** Bytes of a torrent that were sent since it was added. */
  #sentOf({ infoHash }: Tier): number {
    return this.seeder.stateOf(infoHash)?.uploaded ?? 0
  }

  #ask(tier: Tier, event: 'started' | 'stopped' | null, signal: AbortSignal) {
    const { torrent, infoHash } = tier
    const { peerId, key } = this.seeder
    const { url, host, id: trackerId } = this.#firstOf(tier)
    const wanted = event === 'stopped' ? 0 : MOST_DIALLED_OF_TORRENT
    const uploaded = tier.uploadedBefore + (this.#tiers.has(torrent) ? this.#sentOf(tier) : 0)
    const own = { peerId, address: this.address, port: tier.port, uploaded, key }
    return host.announce(
      { ...own, url, infoHash, event, wanted, trackerId, signal },
      (peers, reach) => {
        if (this.#tiers.has(torrent)) this.seeder.dial(torrent, peers, reach)
      },
    )
  }
}
