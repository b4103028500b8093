import type { SwarmMonth } from '../../metainfo/swarm-counts.js'
import { PeerChoice } from './choose-peers.js'
import { CountedDownloads } from './counted-downloads.js'
import { PeerFlag, PeerTable } from './peer-table.js'
import { SwarmMonths } from './swarm-months.js'
import {
  MONTH_SIZE,
  PEER4_SIZE,
  PEER6_SIZE,
  SWARM_SIZE,
  Slice,
  SwarmReader,
  TRACKER_SIZE,
} from './swarm-records.js'
import { SwarmTable } from './swarm-table.js'
import {
  type AnnounceAnswer,
  type ListedPeer,
  type PeerAnnounce,
  type StoreLimits,
  type StoreRefusal,
  type StoreTotals,
  type SwarmChange,
  type SwarmCounts,
  type SwarmSummary,
  isConnectable,
} from './swarm-types.js'

/** Seconds by which the times of two trackers may differ. */
const SKEW = 2

/** Peers whose addresses are checked, or swarms that are counted, in a step of a millisecond. */
const STEP = 256

const NO_COUNTS: SwarmCounts = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/**
 * The swarms of a tracker, in memory. Every call takes a bounded time. Long tasks are done in
 * slices, with announces between them.
 *
 * A number stands for a swarm or a peer: it is a row of SwarmTable or PeerTable, which says why
 * there is no object for each. Row 0 of the peers is the candidate: the peer of the announce that
 * is being answered. Calls of PeerTable compare it with others, or give it a row of its own.
 */
export class SwarmStore {
  readonly #limits: StoreLimits
  readonly #now: () => number
  readonly #peers: PeerTable
  readonly #choice: PeerChoice
  readonly #swarms: SwarmTable
  /** Swarms without peers, in the order in which they became empty. */
  readonly #empty = new Set<number>()
  readonly #downloads: CountedDownloads
  readonly #months: SwarmMonths
  #nextToExpire = 1
  /** Receives each change that other trackers must know; null for none. */
  onChange: ((change: SwarmChange) => void) | null = null

  /**
   * The key of the seed in this process, for which no limit holds. It never leaves the process, and
   * no announce of others may have it.
   */
  readonly ownKey: number

  /** `now` returns seconds on a clock that is never set back. */
  constructor(limits: StoreLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
    this.#swarms = new SwarmTable(limits.maxSwarms)
    this.#downloads = new CountedDownloads(this.#swarms)
    this.#months = new SwarmMonths(limits.maxSwarms)
    this.#peers = new PeerTable(limits.maxPeers, limits.maxSwarms)
    this.ownKey = this.#peers.ownKey
    this.#choice = new PeerChoice(this.#peers)
  }

  /** Records a peer's announce and chooses peers for it. Copies what it needs of the bytes. */
  announce(announce: PeerAnnounce): AnnounceAnswer {
    const peers = this.#peers
    peers.load(announce)
    if (announce.event === 'stopped') return this.#stop(announce)
    const { infoHash } = announce
    const swarm =
      this.#swarms.find(infoHash) || this.#addSwarm(infoHash) || this.#displaceSwarm(infoHash)
    if (swarm === 0) return this.#answer(0, 'full')
    const known = peers.find(swarm)
    const isAllowed = this.#allows(swarm, known)
    const isNews = this.onChange !== null && this.#isNews(known, announce)
    let peer = isAllowed ? this.#put(swarm, known, announce) : 0
    if (peer === 0 && isAllowed && this.#displacePeer(swarm)) peer = this.#put(swarm, 0, announce)
    if (peer === 0) {
      this.#dropIfUseless(swarm)
      return this.#answer(0, isAllowed ? 'full' : 'too-many')
    }
    const at = this.#now()
    peers.heard[peer] = at
    const isWhole = announce.event === 'completed' && announce.isComplete
    const isDownload = isWhole && this.#countDownload(swarm, peer)
    const flags = (peers.flags[peer] ?? 0) & ~PeerFlag.foreign
    peers.flags[peer] = flags
    if (isNews || isDownload) this.onChange?.({ announce, flags, isDownload, at })
    this.#choice.choose(swarm, peer, announce)
    return this.#answer(swarm, null)
  }

  /** Whether other trackers do not know yet what a peer announces. */
  #isNews(known: number, announce: PeerAnnounce): boolean {
    if (known === 0) return true
    const { flags, heard } = this.#peers
    if (!this.#peers.isThere(known) || !this.#peers.isSame(known)) return true
    const shown = PeerFlag.seed | PeerFlag.partialSeed | PeerFlag.foreign
    if (((flags[known] ?? 0) & shown) !== flagsOf(announce)) return true
    // Once in half a lifetime, in which a peer announces at least once
    const half = this.#limits.peerTimeout / 2
    return Math.floor((heard[known] ?? 0) / half) !== Math.floor(this.#now() / half)
  }

  /**
   * Applies what a peer announced to another tracker `age` seconds ago. `isCounted`: its completed
   * download was counted. Limits hold as for an announce, but nobody is displaced.
   */
  apply(announce: PeerAnnounce, age: number, isCounted: boolean): void {
    const heard = this.#now() - age
    if (heard < this.#now() - this.#limits.peerTimeout || !isConnectable(announce.address)) return
    const peers = this.#peers
    peers.load(announce)
    const isGone = announce.event === 'stopped'
    const { infoHash } = announce
    const swarm = this.#swarms.find(infoHash) || (isGone ? 0 : this.#addSwarm(infoHash))
    if (swarm === 0) return
    const known = peers.find(swarm)
    const last = known === 0 ? 0 : (peers.heard[known] ?? 0)
    const flags = peers.flags[known] ?? 0
    const isOwn = known !== 0 && (flags & PeerFlag.foreign) === 0
    if (isGone) {
      // A client that announced here later is there, and the others must know: its announce may
      // have been no news here. Of an earlier one they may hear only now: the stop is sent behind
      // it.
      if (isOwn && last >= heard) {
        const back = { ...announce, event: 'none' } as const
        this.onChange?.({ announce: back, flags, isDownload: false, at: last })
      } else if (last <= heard + SKEW) {
        if (isOwn) this.#tellStop(announce, flags, heard)
        this.#remove(known)
      }
      return
    }
    // This tracker knows something later
    if (last > heard) return
    const peer = this.#allows(swarm, known) ? this.#put(swarm, known, announce) : 0
    if (peer === 0) {
      this.#dropIfUseless(swarm)
      return
    }
    peers.heard[peer] = heard
    // Its last words were for another tracker, even if it began here
    const added = PeerFlag.foreign | (isCounted ? PeerFlag.completed : 0)
    peers.flags[peer] = (peers.flags[peer] ?? 0) | added
  }

  /** See `CountedDownloads`. */
  get id(): string {
    return this.#downloads.id
  }

  /** The downloads of a swarm that completed at this tracker. */
  ownDownloads(infoHash: Uint8Array): number {
    const swarm = this.#swarms.find(infoHash)
    return swarm === 0 ? 0 : this.#downloads.own(swarm)
  }

  /** Learns the downloads of a swarm that a tracker has counted. */
  learnDownloads(tracker: string, infoHash: Uint8Array, total: number): void {
    const swarm = total === 0 ? 0 : this.#swarms.find(infoHash) || this.#addSwarm(infoHash)
    if (swarm !== 0) this.#downloads.learn(tracker, swarm, total)
  }

  /** The counts of a swarm; null if the torrent is unknown. */
  scrape(infoHash: Uint8Array): SwarmCounts | null {
    const swarm = this.#swarms.find(infoHash)
    return swarm === 0 ? null : this.#countsOf(swarm)
  }

  /** Lists all swarms. Swarms that come or go meanwhile may or may not be among them. */
  *list(): Generator<SwarmSummary, void> {
    for (const swarm of this.#swarms.all()) {
      yield { infoHash: this.#swarms.infoHash(swarm), ...this.#countsOf(swarm) }
    }
  }

  /** Notes the seeds of all swarms on a day, since 1970. Yields between steps. */
  *noteSeeds(day: number): Generator<void, void> {
    this.#months.goTo(day)
    let count = 0
    for (const swarm of this.#swarms.all()) {
      this.#months.note(swarm, this.#countsOf(swarm).complete)
      count += 1
      if (count % STEP === 0) yield
    }
  }

  /** The last month of a swarm; null if nothing is known. */
  monthOf(infoHash: Uint8Array): SwarmMonth | null {
    const swarm = this.#swarms.find(infoHash)
    return swarm === 0 ? null : this.#months.of(swarm)
  }

  totals(): StoreTotals {
    const { count, seeds } = this.#peers
    return { swarms: this.#swarms.size, peers: count, seeds }
  }

  /**
   * Removes expired peers in the next `slots` places. Returns whether the end was reached; then the
   * next call begins again.
   */
  expire(slots: number): boolean {
    const { heard, swarms, highest } = this.#peers
    const oldest = this.#now() - this.#limits.peerTimeout
    const end = Math.min(highest + 1, this.#nextToExpire + slots)
    for (let peer = this.#nextToExpire; peer < end; peer += 1) {
      if (swarms[peer] !== 0 && (heard[peer] ?? 0) < oldest) this.#remove(peer)
    }
    this.#nextToExpire = end > highest ? 1 : end
    return end > highest
  }

  /**
   * Removes the peers at addresses of which `isRefused` is true. Yields between steps; what joins
   * meanwhile may or may not be removed.
   */
  *removeWhere(isRefused: (address: Uint8Array) => boolean): Generator<void, void> {
    const { addressBytes, swarms } = this.#peers
    for (let peer = 1; peer <= this.#peers.highest; peer += 1) {
      const isGone =
        swarms[peer] !== 0 && isRefused(addressBytes.subarray(16 * peer, 16 * peer + 16))
      if (isGone) this.#remove(peer)
      if (peer % STEP === 0) yield
    }
  }

  /** Some peers of a swarm, seeds first. */
  *peersOf(infoHash: Uint8Array, most: number): Generator<ListedPeer> {
    const { flags, heard, ports, idBytes, addressBytes } = this.#peers
    const now = this.#now()
    const numbers = this.#peers.members.copy(this.#swarms.find(infoHash))
    const isOf = (peer: number, flag: number) => ((flags[peer] ?? 0) & flag) !== 0
    const seeds = numbers.filter((peer) => isOf(peer, PeerFlag.seed))
    const others = numbers.filter((peer) => !isOf(peer, PeerFlag.seed))
    for (const peer of [...seeds, ...others].slice(0, most)) {
      const leecher = isOf(peer, PeerFlag.partialSeed) ? 'partial seed' : 'leecher'
      yield {
        address: Uint8Array.from(addressBytes.subarray(16 * peer, 16 * peer + 16)),
        port: ports[peer] ?? 0,
        peerId: Uint8Array.from(idBytes.subarray(20 * peer, 20 * peer + 20)),
        state: isOf(peer, PeerFlag.seed) ? 'seed' : leecher,
        age: Math.max(0, Math.floor(now - (heard[peer] ?? 0))),
      }
    }
  }

  /**
   * Yields the whole state as bytes. Each slice is valid until the next. Changes made meanwhile may
   * or may not be included. Peers without a port are not: they are there as long as their
   * connection. Nor is the own seed, which ends with this process.
   */
  save(): Generator<Uint8Array, void> {
    const isKept = (peer: number) => this.#peers.ports[peer] !== 0 && !this.#peers.isOwn(peer)
    return this.#saved(isKept, { hasMonths: true })
  }

  /**
   * The same for the peers that announced here, with all swarms and all downloads, without months,
   * and with ages in milliseconds.
   */
  saveOwn(): Generator<Uint8Array, void> {
    const isKept = (peer: number) => ((this.#peers.flags[peer] ?? 0) & PeerFlag.foreign) === 0
    return this.#saved(isKept, { unitsASecond: 1000 })
  }

  *#saved(
    isKept: (peer: number) => boolean,
    { unitsASecond = 1, hasMonths = false },
  ): Generator<Uint8Array, void> {
    const slice = new Slice()
    // All ages refer to the start of the save
    const now = this.#now()
    const ageOf = (peer: number) =>
      Math.max(0, unitsASecond * (now - (this.#peers.heard[peer] ?? 0)))
    slice.records.tracker(slice.add(TRACKER_SIZE), this.id)
    for (const swarm of this.#swarms.all()) {
      if (!slice.hasRoom(SWARM_SIZE + MONTH_SIZE)) yield slice.take()
      const infoHash = this.#swarms.infoHash(swarm)
      slice.records.swarm(slice.add(SWARM_SIZE), infoHash, this.#downloads.own(swarm))
      const month = hasMonths ? this.#months.of(swarm) : null
      if (month) slice.records.month(slice.add(MONTH_SIZE), month)
      // Copied, because peers come and go with each slice
      for (const peer of this.#peers.members.copy(swarm)) {
        if (!slice.hasRoom(PEER6_SIZE)) {
          yield slice.take()
          // Another swarm may have its number now
          if (this.#swarms.find(infoHash) !== swarm) break
        }
        if (this.#peers.swarms[peer] === swarm && isKept(peer))
          this.#savePeer(slice, peer, ageOf(peer))
      }
    }
    yield* this.#downloads.saveElsewhere(slice)
    yield slice.end()
  }

  #savePeer(slice: Slice, peer: number, age: number): void {
    const { ports, keys, idBytes: peerId, addressBytes: address } = this.#peers
    const [flags = 0, port = 0, key = 0] = [this.#peers.flags[peer], ports[peer], keys[peer]]
    const at = slice.add((flags & PeerFlag.v6) === 0 ? PEER4_SIZE : PEER6_SIZE)
    slice.records.peer(at, { flags, age, port, key, peerId, address }, peer)
  }

  /**
   * Prepares to restore a state that was saved `age` seconds ago. The reader throws a BtkitError
   * `io` if bytes are invalid or missing.
   */
  restore(age: number): SwarmReader {
    const peers = this.#peers
    const now = this.#now()
    const oldest = now - this.#limits.peerTimeout
    let swarm = 0
    let tracker: string | null = null
    return new SwarmReader({
      tracker: (id) => {
        if (tracker === null) this.#downloads.id = id
        tracker = id
      },
      swarm: (infoHash, completed) => {
        swarm = this.#swarms.find(infoHash) || this.#addSwarm(infoHash)
        if (tracker !== null && tracker !== this.id)
          this.learnDownloads(tracker, infoHash, completed)
        else if (swarm !== 0) this.#swarms.addDownloads(swarm, completed)
      },
      month: (month) => {
        if (swarm !== 0) this.#months.restore(swarm, month)
      },
      peer: (announce, peerAge, isCounted) => {
        const heard = now - age - peerAge
        if (swarm === 0 || heard < oldest || !isConnectable(announce.address)) return
        peers.load(announce)
        if (peers.findSaved(swarm) !== 0 || !this.#allows(swarm, 0)) return
        const peer = this.#put(swarm, 0, announce)
        if (peer === 0) return
        peers.heard[peer] = Math.max(0, Math.min(heard, now - 1))
        // The swarm has it already
        if (isCounted) peers.flags[peer] = (peers.flags[peer] ?? 0) | PeerFlag.completed
      },
    })
  }

  /** Removes a peer that stops. Its answer has counts but no peers. */
  #stop(announce: PeerAnnounce): AnnounceAnswer {
    this.#choice.clear()
    const swarm = this.#swarms.find(announce.infoHash)
    const peer = swarm === 0 ? 0 : this.#peers.find(swarm)
    // Others may know it, too
    this.#tellStop(announce, this.#peers.flags[peer] ?? 0, this.#now())
    this.#remove(peer)
    return this.#answer(swarm, null)
  }

  #tellStop(announce: PeerAnnounce, flags: number, at: number): void {
    this.onChange?.({ announce, flags: flags | PeerFlag.gone, isDownload: false, at })
  }

  /** Whether the candidate may be at its address. `known` is its number in the swarm, or 0. */
  #allows(swarm: number, known: number): boolean {
    const peers = this.#peers
    if (peers.isOwn()) return true
    // It adds no peer to its address
    if (known !== 0 && (peers.isNear(known) || peers.findByAddress(swarm) !== 0)) return true
    const { maxPerAddress, maxPerAddressInSwarm } = this.#limits
    const all = peers.countNear()
    if (all >= maxPerAddress) return false
    return all < maxPerAddressInSwarm || peers.countNearIn(swarm) < maxPerAddressInSwarm
  }

  /** Adds or updates a peer, except its time. Returns 0 if there is no room. */
  #put(swarm: number, known: number, announce: PeerAnnounce): number {
    const peers = this.#peers
    if (known === 0) {
      const peer = peers.add(swarm, flagsOf(announce))
      if (peers.members.count(swarm) === 1) this.#empty.delete(swarm)
      return peer
    }
    if (!peers.isThere(known) || !peers.isSame(known)) {
      // The peer that was at the new address before is gone
      const former = peers.findByAddress(swarm)
      if (former !== 0 && former !== known) this.#remove(former)
      peers.rename(swarm, known)
    }
    const before = peers.flags[known] ?? 0
    const after = (before & ~(PeerFlag.seed | PeerFlag.partialSeed)) | flagsOf(announce)
    if (after !== before) peers.setFlags(swarm, known, after)
    return known
  }

  /** Removes a peer, and its swarm if that is then useless. */
  #remove(peer: number): void {
    const swarm = this.#peers.remove(peer)
    if (swarm === 0 || this.#peers.members.count(swarm) > 0) return
    this.#empty.add(swarm)
    this.#dropIfUseless(swarm)
  }

  /** Removes a swarm without peers, unless it has completed downloads to remember. */
  #dropIfUseless(swarm: number): void {
    const isUseless = this.#peers.members.count(swarm) === 0 && this.#swarms.downloaded(swarm) === 0
    if (isUseless && !this.#limits.keepsEmpty) this.#drop(swarm)
  }

  #drop(swarm: number): void {
    this.#empty.delete(swarm)
    this.#downloads.forget(swarm)
    this.#months.forget(swarm)
    this.#swarms.remove(swarm)
  }

  /** Counts a completed download, once per peer. Returns whether it counts. */
  #countDownload(swarm: number, peer: number): boolean {
    const flags = this.#peers.flags[peer] ?? 0
    if ((flags & PeerFlag.completed) !== 0) return false
    this.#peers.flags[peer] = flags | PeerFlag.completed
    this.#swarms.addDownloads(swarm, 1)
    return true
  }

  /**
   * Adds a swarm. If the store is full, the swarm that was empty longest is removed; 0 if there is
   * none.
   */
  #addSwarm(infoHash: Uint8Array): number {
    if (this.#swarms.size >= this.#limits.maxSwarms) {
      const [oldest] = this.#empty
      if (oldest === undefined) return 0
      this.#drop(oldest)
    }
    const swarm = this.#swarms.add(infoHash)
    this.#empty.add(swarm)
    return swarm
  }

  /**
   * Replaces a swarm of few peers, all of a network that uses more than the candidate; 0 if there
   * is none.
   */
  #displaceSwarm(infoHash: Uint8Array): number {
    const { swarms, members } = this.#peers
    const canRemove = (each: number) => {
      const swarm = swarms[each] ?? 0
      return members.count(swarm) <= MOST_DISPLACED && this.#peers.areOfOneNetwork(swarm)
    }
    const swarm = swarms[this.#peers.findGreediest(canRemove)] ?? 0
    if (swarm === 0) return 0
    for (const peer of members.copy(swarm)) this.#peers.remove(peer)
    this.#drop(swarm)
    return this.#addSwarm(infoHash)
  }

  /**
   * Removes a peer that uses more than the candidate, to let it join. Returns whether one was
   * found.
   */
  #displacePeer(joined: number): boolean {
    const { swarms, members } = this.#peers
    // Without its last peer the swarm itself would be removed
    const canRemove = (each: number) => swarms[each] !== joined || members.count(joined) > 1
    const peer = this.#peers.findGreediest(canRemove)
    this.#remove(peer)
    return peer !== 0
  }

  /** The counts for announces and scrapes. */
  #countsOf(swarm: number): SwarmCounts {
    const { members, partialSeeds } = this.#peers
    const v6Seeds = members.length(swarm, PeerFlag.seed + PeerFlag.v6)
    const complete = members.length(swarm, PeerFlag.seed) + v6Seeds
    const incomplete = members.count(swarm) - complete
    const downloaders = incomplete - (partialSeeds[swarm] ?? 0)
    return { complete, incomplete, downloaders, downloaded: this.#swarms.downloaded(swarm) }
  }

  #answer(swarm: number, refusal: StoreRefusal | null): AnnounceAnswer {
    if (refusal !== null) this.#choice.clear()
    const counts = swarm === 0 ? NO_COUNTS : this.#countsOf(swarm)
    const { v4, v6 } = this.#choice
    return {
      refusal,
      complete: counts.complete,
      incomplete: counts.incomplete,
      downloaders: counts.downloaders,
      downloaded: counts.downloaded,
      peers4: v4.peers,
      peers6: v6.peers,
      ids4: v4.ids,
      ids6: v6.ids,
    }
  }
}

/** Most peers of a swarm that a full store removes with it: it has to look at all of them. */
const MOST_DISPLACED = 32

/** The flags for an announce. */
function flagsOf({ isComplete, event }: PeerAnnounce): number {
  if (isComplete) return PeerFlag.seed
  return event === 'paused' ? PeerFlag.partialSeed : 0
}
