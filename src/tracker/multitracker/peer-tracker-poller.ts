import { isLocal } from '../protocol/local-address.js'
import type { CompactPeers } from '../protocol/tracker-answer.js'
import type { AllowedTorrent } from '../allowed/known-torrent.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import { askTracker } from './ask-tracker.js'
import { worthyPeers } from './worthy-peers.js'
import type { ServerContext } from '../../server/context.js'

/** How many trackers are asked at once. */
const IN_FLIGHT = 8

/** Failures in a row after which a tracker is left alone until the next round. */
const MAX_FAILURES = 3

/** Trackers that do not want to be asked, at most; it is the torrents that name them. */
const MAX_DISALLOWED = 10_000

export interface TrackerRoundsParts extends Pick<ServerContext, 'now'> {
  readonly rules: SharingRules
  /** The torrents that are tracked by now. */
  readonly torrents: () => ReadonlyMap<string, Pick<AllowedTorrent, 'infoHash' | 'trackers'>>
  /** Takes the peers of a torrent, by its info hash in hexadecimal. */
  readonly take: (infoHash: string, peers: CompactPeers) => void
}

/** Asks the other trackers of all torrents for peers, a round at a time. */
export class PeerTrackerPoller {
  readonly #parts: TrackerRoundsParts
  readonly #disallowed = new Set<string>()
  readonly #stopping = new AbortController()
  #failures = new Map<string, number>()

  constructor(parts: TrackerRoundsParts) {
    this.#parts = parts
  }

  /** Resolves when all torrents were asked for, or the rounds were stopped. */
  async round(): Promise<void> {
    this.#failures = new Map()
    const torrents = this.#parts.torrents().values()
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#work(torrents)))
  }

  /** Ends the round that is under way. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Takes its share of torrents from an iterator that others take from, too. */
  async #work(torrents: Iterable<Pick<AllowedTorrent, 'infoHash' | 'trackers'>>): Promise<void> {
    for (const torrent of torrents) {
      if (this.#stopping.signal.aborted) return
      if (torrent.trackers.length > 0) await this.#askFor(torrent)
    }
  }

  async #askFor({ infoHash, trackers }: Pick<AllowedTorrent, 'infoHash' | 'trackers'>) {
    const found: CompactPeers[] = []
    for (const url of trackers) {
      if (!this.#isWorthAsking(url)) continue
      const peers = await this.#ask(url, Buffer.from(infoHash, 'hex'))
      if (peers !== null) found.push(peers)
    }
    if (found.length > 0) {
      this.#parts.take(infoHash, {
        peers4: Buffer.concat(found.map(({ peers4 }) => peers4)),
        peers6: Buffer.concat(found.map(({ peers6 }) => peers6)),
      })
    }
  }

  #isWorthAsking(url: string): boolean {
    const failures = this.#failures.get(new URL(url).host) ?? 0
    const isWanted = !this.#disallowed.has(url) && !this.#stopping.signal.aborted
    return isWanted && failures < MAX_FAILURES
  }

  async #ask(url: string, infoHash: Uint8Array): Promise<CompactPeers | null> {
    const { rules, now } = this.#parts
    const { maxPeers, key, ownId } = rules
    const question = { url, infoHash, ownId, maxPeers, key, now: now() / 1000 }
    const told = await askTracker(question, this.#stopping.signal)
    const { host, hostname } = new URL(url)
    this.#failures.set(host, told.kind === 'failed' ? (this.#failures.get(host) ?? 0) + 1 : 0)
    if (told.kind === 'disallowed' && this.#disallowed.size < MAX_DISALLOWED) {
      this.#disallowed.add(url)
    }
    if (told.kind !== 'peers') return null
    // A stranger's tracker sends nobody into our own network
    const takesLocal = key !== null || isLocal(hostname.replace(/^\[|\]$/g, ''))
    return worthyPeers(told.peers, { maxPeers, takesLocal })
  }
}
