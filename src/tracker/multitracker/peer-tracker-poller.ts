import { isLocal } from '../protocol/local-address.js'
import type { CompactPeers } from '../protocol/tracker-answer.js'
import type { AllowedTorrent } from '../allowed/known-torrent.js'
import type { SharingRules } from '../answers/tracker-calls.js'
import { askTracker } from './ask-tracker.js'
import { worthyPeers } from './worthy-peers.js'
import type { ServerContext } from '../../server/context.js'

/** The most trackers that are asked at the same time. */
const IN_FLIGHT = 8

/** Number of failures in a row after which a tracker is skipped until the next round. */
const MAX_FAILURES = 3

/**
 * The most trackers remembered as unwilling. The limit exists because torrents can name any number.
 */
const MAX_DISALLOWED = 10_000

export interface PeerTrackerPollerParts extends Pick<ServerContext, 'now'> {
  readonly rules: SharingRules
  /** The torrents tracked at the moment. */
  readonly torrents: () => ReadonlyMap<string, Pick<AllowedTorrent, 'infoHash' | 'trackers'>>
  /** Receives the peers of a torrent, by its info hash in hexadecimal. */
  readonly take: (infoHash: string, peers: CompactPeers) => void
}

/** Asks the other trackers of all torrents for peers, in rounds. */
export class PeerTrackerPoller {
  readonly #disallowed = new Set<string>()
  readonly #stopping = new AbortController()
  #failures = new Map<string, number>()

  constructor(private readonly parts: PeerTrackerPollerParts) {}

  /** Does one round. Resolves when all torrents were handled or `stop` was called. */
  async round(): Promise<void> {
    this.#failures = new Map()
    const torrents = this.parts.torrents().values()
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#work(torrents)))
  }

  /** Ends the current round. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Handles torrents from an iterator that it shares with other workers. */
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
      this.parts.take(infoHash, {
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
    const { rules, now } = this.parts
    const { maxPeers, key, ownId } = rules
    const question = { url, infoHash, ownId, maxPeers, key, now: now() / 1000 }
    const told = await askTracker(question, this.#stopping.signal)
    const { host, hostname } = new URL(url)
    this.#failures.set(host, told.kind === 'failed' ? (this.#failures.get(host) ?? 0) + 1 : 0)
    if (told.kind === 'disallowed' && this.#disallowed.size < MAX_DISALLOWED) {
      this.#disallowed.add(url)
    }
    if (told.kind !== 'peers') return null
    // A foreign tracker must not direct clients into our own network
    const takesLocal = key !== null || isLocal(hostname.replace(/^\[|\]$/g, ''))
    return worthyPeers(told.peers, { maxPeers, takesLocal })
  }
}
