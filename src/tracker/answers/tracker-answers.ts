import type { AnnouncedPeer } from '../protocol/announced-peer.js'
import type { AnnounceNotes } from '../protocol/http-answers.js'
import { parseAddress } from '../protocol/peer-address.js'
import { TrackerRefusal, UnknownTorrent } from '../protocol/refusal.js'
import { isConnectable, isMappedV4 } from '../swarms/address-kinds.js'
import type { MemorySwarms } from '../swarms/memory-swarms.js'
import type { AnnounceAnswer, StoreRefusal, SwarmCounts } from '../swarms/swarm-store.js'
import type { ForeignPeers } from './foreign-peers.js'
import {
  UNKNOWN,
  type AnnounceOrigin,
  type TorrentVerdict,
  type TrackerRules,
} from './tracker-rules.js'

/** An announce's answer, and what is said beside it. */
export interface Announced {
  readonly answer: AnnounceAnswer
  readonly notes: AnnounceNotes
}

/** What distinguishes the protocols. */
export interface AnnounceForm {
  readonly wantsIds: boolean
  readonly wantsBothFamilies: boolean
  /** The most peers that fit. */
  readonly maxPeers: number
}

/** The counts of a torrent that nobody has announced. */
export const NOBODY: SwarmCounts = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/** Answers announces and scrapes by the rules, from a store. */
export class TrackerAnswers {
  readonly store: MemorySwarms
  readonly #rules: () => TrackerRules
  readonly #foreign: ForeignPeers | null

  /** The rules may change at any time; `foreign` are peers that other trackers told of. */
  constructor(store: MemorySwarms, rules: () => TrackerRules, foreign: ForeignPeers | null = null) {
    this.store = store
    this.#rules = rules
    this.#foreign = foreign
  }

  get rules(): TrackerRules {
    return this.#rules()
  }

  /**
   * Takes an announce from a client, whose address may be known as 16 bytes too.
   * @throws TrackerRefusal
   */
  announce(
    request: AnnouncedPeer,
    from: AnnounceOrigin & { readonly address: Uint8Array | null },
    form: AnnounceForm,
  ): Announced {
    const rules = this.#rules()
    const verdict = this.require(request.infoHash, from.client)
    const resolved = rules.resolve(from, request.claimed)
    const known = resolved === from.client ? from.address : null
    const address = known ?? parseAddress(resolved ?? '')
    if (address === null) throw new TrackerRefusal(200, 'your address is not known')
    if (!isConnectable(address)) throw new TrackerRefusal(200, 'nobody can connect to your address')
    const wanted = Math.min(request.wanted ?? rules.defaultPeers, rules.maxPeers, form.maxPeers)
    // Written out: spreading objects takes longer than all the store does
    const answer = this.store.announce({
      infoHash: request.infoHash,
      peerId: request.peerId,
      address,
      port: request.port,
      key: request.key,
      event: request.event,
      isComplete: request.isComplete,
      wanted,
      wantsIds: form.wantsIds,
      wantsBothFamilies: form.wantsBothFamilies,
    })
    if (answer.refusal !== null) throw REFUSALS[answer.refusal]()
    const { interval, minInterval } = rules
    const warning = verdict?.warning ?? null
    const isV6 = !isMappedV4(address)
    const notes = { interval, minInterval, address, isV6, warning }
    if (this.#foreign === null || request.event === 'stopped') return { answer, notes }
    const own = { address, port: request.port }
    return { answer: this.#foreign.fillUp(answer, { ...form, ...request, wanted, own }), notes }
  }

  /**
   * What the rules say of a torrent that a client may ask for.
   * @throws TrackerRefusal when it may not, UnknownTorrent when a look may find it
   */
  require(infoHash: Uint8Array, client: string | null): TorrentVerdict | null {
    const rules = this.#rules()
    requirePermission(rules, client)
    const verdict = rules.judge(infoHash)
    if (verdict === UNKNOWN) throw new UnknownTorrent(UNKNOWN.failure)
    if (verdict?.failure != null) throw new TrackerRefusal(200, verdict.failure)
    return verdict
  }

  /**
   * The counts of torrents in their order: zeros for those that are tracked by name and have no
   * swarm, null for those that are not known or not tracked.
   * @throws TrackerRefusal
   */
  scrape(infoHashes: readonly Uint8Array[], client: string | null): (SwarmCounts | null)[] {
    const rules = this.#rules()
    requirePermission(rules, client)
    if (rules.scrape === 'none') throw new TrackerRefusal(200, 'this tracker answers no scrapes')
    return infoHashes.map((infoHash) => {
      const verdict = rules.judge(infoHash)
      if (verdict?.failure != null) return null
      return this.store.scrape(infoHash) ?? (verdict === null ? null : NOBODY)
    })
  }
}

function requirePermission(rules: TrackerRules, client: string | null): void {
  if (!rules.permits(client)) {
    throw new TrackerRefusal(200, 'your address may not use this tracker', 'never')
  }
}

/** Minutes until there may be room. */
const LATER = 30

const REFUSALS: Readonly<Record<StoreRefusal, () => TrackerRefusal>> = {
  full: () => new TrackerRefusal(200, 'this tracker is full: ask again later', LATER),
  'too-many': () => new TrackerRefusal(200, 'too many peers at your address', LATER),
}
