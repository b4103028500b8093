import {
  type AnnounceOrigin,
  type TorrentVerdict,
  type TrackerRules,
  UNKNOWN,
  UNREAD,
} from './tracker-rules.js'
import { formatAddress, parseAddress } from '../swarms/peer-address.js'
import { TrackerRefusal, UnknownTorrent } from './refusal.js'
import { isTraced, trace } from '../../base/text/trace.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import {
  type AnnounceAnswer,
  type PeerAnnounce,
  type PeerEvent,
  type StoreRefusal,
  type SwarmCounts,
  isConnectable,
  isMappedV4,
} from '../swarms/swarm-types.js'

/** A peer's announce, common to all wires. */
export interface AnnouncedPeer {
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  readonly port: number
  /** See `PeerAnnounce`. */
  readonly key: number
  readonly event: PeerEvent
  readonly isComplete: boolean
  /** Number of peers requested; null for the tracker's default. */
  readonly wanted: number | null
  /**
   * The address that the client claims (BEP 3), unchecked; null if it claims none. `ipv4` and
   * `ipv6` (BEP 7) are addresses beside that of the client, and are not kept.
   */
  readonly claimed: string | null
}

/** The announce of the seed in this process. */
export interface OwnSeed extends Pick<
  PeerAnnounce,
  'infoHash' | 'peerId' | 'port' | 'event' | 'wanted'
> {
  /** The IP address at which others reach it. */
  readonly address: string
}

/** The fields of an announce's answer beside counts and peers. */
export interface AnnounceNotes {
  /** Seconds until the next announce. */
  readonly interval: number
  readonly minInterval: number
  /** The client's own address, 16 bytes (BEP 24). */
  readonly address: Uint8Array
  readonly isV6: boolean
  readonly warning: string | null
}

/** The answer to an announce, with the fields that go with it. */
export interface Announced {
  readonly answer: AnnounceAnswer
  readonly notes: AnnounceNotes
}

/** How an announce is answered in its protocol: HTTP, compact or full, or UDP. */
export interface AnnounceForm {
  readonly wantsIds: boolean
  readonly wantsBothFamilies: boolean
  /** The most peers that fit into an answer. */
  readonly maxPeers: number
}

/** The counts of a torrent without peers. */
export const NOBODY: SwarmCounts = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/** Answers announces and scrapes from a store according to the rules. */
export class TrackerAnswers {
  constructor(
    readonly store: SwarmStore,
    readonly rules: TrackerRules,
  ) {}

  /**
   * Records an announce and returns its answer. `from.address` is the client's address as 16 bytes,
   * or null if only its text is known.
   * @throws TrackerRefusal
   */
  announce(
    request: AnnouncedPeer,
    from: AnnounceOrigin & { readonly address: Uint8Array | null },
    form: AnnounceForm,
  ): Announced {
    const { rules } = this
    const verdict = this.require(request.infoHash, from.client)
    const { claimed } = request
    const resolved = claimed === null ? from.client : rules.resolve(from, claimed)
    const known = resolved === from.client ? from.address : null
    const address = known ?? parseAddress(resolved ?? '')
    if (address === null) throw new TrackerRefusal(200, 'your address is not known')
    if (!isConnectable(address))
      throw new TrackerRefusal(200, 'your address is not reachable from the Internet')
    if (resolved !== from.client) requirePermission(rules, formatAddress(address))
    const wanted = Math.min(request.wanted ?? rules.responseSize, rules.maxGive, form.maxPeers)
    // Spelled out because spreading objects would take longer than the store's whole work
    const answer = this.store.announce({
      infoHash: request.infoHash,
      peerId: request.peerId,
      address,
      port: request.port,
      key: request.key === this.store.ownKey ? 0 : request.key,
      event: request.event,
      isComplete: request.isComplete,
      wanted,
      wantsIds: form.wantsIds,
      wantsBothFamilies: form.wantsBothFamilies,
    })
    const { interval, minInterval } = rules
    const warning = verdict?.warning ?? null
    const isV6 = !isMappedV4(address)
    const notes = { interval, minInterval, address, isV6, warning }
    if (answer.refusal !== null) throw REFUSALS[answer.refusal]()
    return { answer, notes }
  }

  /**
   * Records the seed of this process at an address, as text, past all limits of peers.
   * @throws TrackerRefusal if the torrent is refused, UnknownTorrent if it is not tracked
   */
  announceOwn(seed: OwnSeed): Announced {
    const { rules, store } = this
    const warning = this.require(seed.infoHash, null)?.warning ?? null
    const address = parseAddress(seed.address)
    if (address === null) throw new TrackerRefusal(200, 'your address is not known')
    const form = { isComplete: true, wantsIds: false, wantsBothFamilies: true }
    const answer = store.announce({ ...seed, ...form, address, key: store.ownKey })
    if (answer.refusal !== null) throw REFUSALS[answer.refusal]()
    const { interval, minInterval } = rules
    return {
      answer,
      notes: { interval, minInterval, address, isV6: !isMappedV4(address), warning },
    }
  }

  /**
   * The verdict about a torrent that a client may ask for, or null if there is nothing to say.
   * @throws TrackerRefusal if the client may not ask or the torrent is refused, UnknownTorrent if
   *   it is not tracked
   */
  require(infoHash: Uint8Array, client: string | null): TorrentVerdict | null {
    const { rules } = this
    requirePermission(rules, client)
    const verdict = rules.judge(infoHash)
    if (isTraced && verdict !== null) {
      const hash = Buffer.from(infoHash).toString('hex')
      const told = verdict.failure ?? verdict.warning ?? 'is told of peers'
      trace(() => `${client ?? 'a client'} asks for ${hash}: ${told}`)
    }
    if (verdict === UNREAD) throw starting()
    if (verdict === UNKNOWN) throw new UnknownTorrent(200, UNKNOWN.failure)
    if (verdict?.failure != null) throw new TrackerRefusal(200, verdict.failure)
    return verdict
  }

  /**
   * The counts of each torrent, in the given order. Tracked torrents without a swarm get zeros;
   * refused torrents, and those that are not tracked, get null.
   * @throws TrackerRefusal
   */
  scrape(infoHashes: readonly Uint8Array[], client: string | null): (SwarmCounts | null)[] {
    const { rules } = this
    requirePermission(rules, client)
    if (rules.scrape === 'none') throw new TrackerRefusal(200, 'this tracker answers no scrapes')
    // The counts of all would lack torrents
    if (infoHashes.length === 0 && rules.isStarting()) throw starting()
    return infoHashes.map((infoHash) => {
      const verdict = rules.judge(infoHash)
      if (verdict === UNREAD) throw starting()
      if (verdict?.failure != null) return null
      return this.store.scrape(infoHash) ?? NOBODY
    })
  }
}

function requirePermission(rules: TrackerRules, client: string | null): void {
  if (!rules.permits(client)) {
    trace(() => `${client ?? 'a client'} is refused: its address is banned`)
    throw new TrackerRefusal(200, 'your address may not use this tracker', BANNED_FOR)
  }
}

/** Minutes until a banned client asks again: a ban may be lifted. */
const BANNED_FOR = 60

/** Minutes after which the tracker knows its torrents. Clients cannot be told less. */
const SOON = 1

const starting = () => new TrackerRefusal(200, UNREAD.failure, SOON)

/** Minutes after which the tracker may have room. */
const LATER = 30

const REFUSALS: Readonly<Record<StoreRefusal, () => TrackerRefusal>> = {
  full: () => new TrackerRefusal(200, 'this tracker is full: ask again later', LATER),
  'too-many': () => new TrackerRefusal(200, 'too many peers at your address', LATER),
}
