import { AddressCounts, AddressLimits } from './address-counts.js'
import { isConnectable, isLoopback } from './address-kinds.js'
import { Candidate } from './candidate.js'
import { PeerChoice } from './choose-peers.js'
import { Downloads } from './downloads.js'
import { EvictionPicker } from './eviction-picker.js'
import { IndexLists } from './index-lists.js'
import { IndexPool } from './index-pool.js'
import { flagsOf, Members } from './members.js'
import { PeerFlag, PeerTable } from './peer-table.js'
import { saveSwarms } from './save-swarms.js'
import { PEER4_SIZE, SwarmReader } from './swarm-records.js'
import { Counter, LISTS_PER_SWARM, type StoreMemory } from './store-memory.js'
import type {
  AnnounceAnswer,
  PeerAnnounce,
  StoreLimits,
  StoreRefusal,
  StoreTotals,
  SwarmChange,
  SwarmCounts,
  SwarmPage,
  SwarmRestorer,
  SwarmStore,
  SwarmSummary,
} from './swarm-store.js'
import { SwarmTable } from './swarm-table.js'

export interface MemorySwarmsParts {
  readonly memory: StoreMemory
  readonly limits: StoreLimits
  /** The name of this tracker: 8 bytes in hexadecimal. A restored state brings its own. */
  readonly id: string
  /** Seconds on a clock that is never set back. */
  readonly now: () => number
  /** Returns unsigned integers of 32 bits. */
  readonly random: () => number
}

/** Seconds by which the times of two trackers may differ. */
const SKEW = 2

const NO_COUNTS: SwarmCounts = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/**
 * The swarms of a tracker. The memory is allocated once, without an object per peer: about 90 bytes
 * a peer.
 * Every call takes a bounded time. Long tasks are done in slices, with announces between them.
 */
export class MemorySwarms implements SwarmStore {
  readonly #limits: StoreLimits
  readonly #now: () => number
  readonly #counters: Uint32Array
  readonly #peers: PeerTable
  readonly #swarms: SwarmTable
  readonly #lists: IndexLists
  readonly #addressLimits: AddressLimits
  readonly #choice: PeerChoice
  readonly #evictionPicker: EvictionPicker
  readonly #candidate = new Candidate()
  readonly #members: Members
  readonly #downloads: Downloads
  /** Receives each change that other trackers must know; null for none. */
  onChange: ((change: SwarmChange) => void) | null = null

  constructor({ memory, limits, id, now, random }: MemorySwarmsParts) {
    this.#downloads = new Downloads(id)
    this.#limits = limits
    this.#now = now
    this.#counters = memory.counters
    this.#peers = new PeerTable(memory)
    this.#swarms = new SwarmTable(memory)
    this.#lists = new IndexLists(memory.lists, new IndexPool(memory.pool))
    const addresses = new AddressCounts(memory)
    this.#addressLimits = new AddressLimits({ peers: this.#peers, addresses, limits })
    const peerAddresses = memory.peers.addresses
    this.#evictionPicker = new EvictionPicker({ addresses, peerAddresses, random })
    const tables = { peers: this.#peers, swarms: this.#swarms, lists: this.#lists }
    this.#members = new Members({
      ...tables,
      addresses,
      counters: this.#counters,
      candidate: this.#candidate,
      keepsEmpty: limits.keepsEmpty,
    })
    this.#choice = new PeerChoice(memory.peers, this.#lists, random)
  }

  /** Records a peer's announce and chooses peers for it. */
  announce(announce: PeerAnnounce): AnnounceAnswer {
    this.#candidate.load(announce)
    if (announce.event === 'stopped') return this.#stop(announce)
    const { infoHash } = announce
    const swarm =
      this.#swarms.find(infoHash) || this.#addSwarm(infoHash) || this.#displaceSwarm(infoHash)
    if (swarm === 0) return this.#answer(0, 'full')
    const known = this.#members.find(swarm)
    const isAllowed = this.#addressLimits.allows(swarm, known, this.#candidate)
    const isNews = this.onChange !== null && this.#isNews(known, announce)
    let peer = isAllowed ? this.#members.put(swarm, known, announce) : 0
    if (peer === 0 && known === 0 && isAllowed && this.#displacePeer(swarm)) {
      peer = this.#members.put(swarm, 0, announce)
    }
    if (peer === 0) {
      this.#members.dropIfUseless(swarm)
      return this.#answer(0, isAllowed ? 'full' : 'too-many')
    }
    const { heard, flags } = this.#peers.columns
    heard[peer] = this.#now()
    flags[peer] = (flags[peer] ?? 0) & ~PeerFlag.foreign
    const isDownload = this.#members.noteCompleted(swarm, peer, announce)
    if (isNews || isDownload) this.onChange?.({ announce, flags: flags[peer] ?? 0, isDownload })
    this.#choose(swarm, peer, announce)
    return this.#answer(swarm, null)
  }

  /** Whether other trackers do not know yet what a peer announces. */
  #isNews(known: number, announce: PeerAnnounce): boolean {
    if (known === 0) return true
    const { flags, heard, ports, keys } = this.#peers.columns
    const { port, key } = this.#candidate
    const isThere = ports[known] === port && this.#peers.hasAddress(known, this.#candidate)
    const isSame = keys[known] === key && this.#peers.hasIdOf(known, this.#candidate)
    const shown = PeerFlag.seed | PeerFlag.partialSeed | PeerFlag.foreign
    if (!isThere || !isSame || ((flags[known] ?? 0) & shown) !== flagsOf(announce)) return true
    // Once in half a lifetime, in which a peer announces at least once
    const half = this.#limits.peerTimeout / 2
    return Math.floor((heard[known] ?? 0) / half) !== Math.floor(this.#now() / half)
  }

  /**
   * Applies what a peer announced to another tracker `age` seconds ago. `isCounted`: its completed
   * download was counted. Limits hold as for an announce, but nobody is displaced.
   */
  apply(
    announce: PeerAnnounce,
    { age, isCounted }: { readonly age: number; readonly isCounted: boolean },
  ): void {
    const heard = Math.floor(this.#now() - age)
    if (heard < this.#now() - this.#limits.peerTimeout || !isConnectable(announce.address)) return
    this.#candidate.load(announce)
    const isGone = announce.event === 'stopped'
    const { infoHash } = announce
    const swarm = this.#swarms.find(infoHash) || (isGone ? 0 : this.#addSwarm(infoHash))
    if (swarm === 0) return
    const known = this.#members.find(swarm)
    const { columns } = this.#peers
    const last = columns.heard[known] ?? 0
    const flags = columns.flags[known] ?? 0
    const isOwn = known !== 0 && (flags & PeerFlag.foreign) === 0
    if (isGone) {
      // A client that announced here at that moment or later is there, and the others must know:
      // its announce may have been no news here
      const isBack = isOwn && last >= heard - SKEW
      if (isBack)
        this.onChange?.({ announce: { ...announce, event: 'none' }, flags, isDownload: false })
      else if (known !== 0 && last <= heard) this.#members.remove(known)
      return
    }
    // This tracker knows something later
    if (known !== 0 && last > heard) return
    const isAllowed = this.#addressLimits.allows(swarm, known, this.#candidate)
    const peer = isAllowed ? this.#members.put(swarm, known, announce) : 0
    if (peer === 0) {
      this.#members.dropIfUseless(swarm)
      return
    }
    columns.heard[peer] = heard
    const added = (isOwn ? 0 : PeerFlag.foreign) | (isCounted ? PeerFlag.completed : 0)
    columns.flags[peer] = (columns.flags[peer] ?? 0) | added
  }

  /** The name under which this tracker counts downloads. */
  get id(): string {
    return this.#downloads.id
  }

  /** The downloads of a swarm that completed at this tracker. */
  ownDownloads(infoHash: Uint8Array): number {
    const swarm = this.#swarms.find(infoHash)
    return swarm === 0 ? 0 : this.#ownDownloads(swarm, infoHash)
  }

  #ownDownloads(swarm: number, infoHash: Uint8Array): number {
    return (this.#swarms.columns.completed[swarm] ?? 0) - this.#downloads.others(infoHash)
  }

  /**
   * Learns the downloads of a swarm that a tracker has counted. Its own may come back to this one
   * if its state was lost.
   */
  learnDownloads(tracker: string, infoHash: Uint8Array, total: number): void {
    if (total === 0) return
    const swarm = this.#swarms.find(infoHash) || this.#addSwarm(infoHash)
    if (swarm === 0) return
    const more =
      tracker === this.id
        ? Math.max(0, total - this.#ownDownloads(swarm, infoHash))
        : this.#downloads.learn(tracker, infoHash, total)
    const { completed } = this.#swarms.columns
    completed[swarm] = Math.min((completed[swarm] ?? 0) + more, 0xffffffff)
  }

  /** The counts of a swarm; null if the torrent is unknown. */
  scrape(infoHash: Uint8Array): SwarmCounts | null {
    const swarm = this.#swarms.find(infoHash)
    return swarm === 0 ? null : this.#members.countsOf(swarm)
  }

  /** Lists the swarms in the next `limit` places, starting at `from`. Begin with 0. */
  list(from: number, limit: number): SwarmPage {
    const swarms: SwarmSummary[] = []
    const { highest } = this.#swarms
    const end = Math.min(highest, from + limit)
    for (let swarm = from + 1; swarm <= end; swarm += 1) {
      if (!this.#swarms.isInUse(swarm)) continue
      swarms.push({ infoHash: this.#swarms.infoHashOf(swarm), ...this.#members.countsOf(swarm) })
    }
    return { swarms, next: end < highest ? end : null }
  }

  totals(): StoreTotals {
    return {
      swarms: this.#counters[Counter.swarms] ?? 0,
      peers: this.#counters[Counter.peers] ?? 0,
      seeds: this.#counters[Counter.seeds] ?? 0,
    }
  }

  /** Removes a swarm and its peers. */
  forget(infoHash: Uint8Array): void {
    const swarm = this.#swarms.find(infoHash)
    if (swarm === 0) return
    this.#downloads.forget(infoHash)
    this.#swarms.columns.completed[swarm] = 0
    for (let list = LISTS_PER_SWARM * swarm; list < LISTS_PER_SWARM * (swarm + 1); list += 1) {
      while (this.#lists.length(list) > 0) this.#members.remove(this.#lists.at(list, 0))
    }
    if (this.#swarms.isInUse(swarm)) this.#swarms.remove(swarm)
  }

  /**
   * Removes expired peers in the next `slots` places. Returns whether the end was reached; then the
   * next call begins again.
   */
  expire(slots: number): boolean {
    const { heard, swarms } = this.#peers.columns
    const highest = this.#counters[Counter.highestPeer] ?? 0
    const oldest = this.#now() - this.#limits.peerTimeout
    const from = Math.max(1, this.#counters[Counter.nextToExpire] ?? 0)
    const end = Math.min(highest + 1, from + slots)
    for (let peer = from; peer < end; peer += 1) {
      if (swarms[peer] !== 0 && (heard[peer] ?? 0) < oldest) this.#members.remove(peer)
    }
    this.#counters[Counter.nextToExpire] = end > highest ? 1 : end
    return end > highest
  }

  /**
   * Yields the whole state as bytes. Each slice is valid until the next. Changes made meanwhile may
   * or may not be included.
   */
  *save(): Generator<Uint8Array, void> {
    yield* this.#saved(0)
  }

  /** The same for the peers that announced here, with all swarms and all downloads. */
  *saveOwn(): Generator<Uint8Array, void> {
    yield* this.#saved(PeerFlag.foreign)
  }

  #saved(without: number) {
    const parts = { peers: this.#peers, swarms: this.#swarms, lists: this.#lists }
    return saveSwarms({ ...parts, downloads: this.#downloads, now: this.#now, without })
  }

  /**
   * Prepares to restore a state that was saved `age` seconds ago. `size` is its approximate size in
   * bytes, which makes restoring faster.
   */
  restore(age: number, size = 0): SwarmRestorer {
    this.#peers.reserve(Math.min(Math.floor(size / PEER4_SIZE), this.#limits.maxPeers))
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
        this.learnDownloads(tracker ?? this.id, infoHash, completed)
      },
      peer: (announce, peerAge, isCounted) => {
        const heard = now - age - peerAge
        if (swarm === 0 || heard < oldest || !isConnectable(announce.address)) return
        this.#candidate.load(announce)
        // A peer that has already announced is more current than its saved record
        if (this.#members.isBack(swarm)) return
        const peer = this.#members.put(swarm, 0, announce)
        if (peer === 0) return
        const { columns } = this.#peers
        columns.heard[peer] = Math.max(0, heard)
        if (isCounted) columns.flags[peer] = (columns.flags[peer] ?? 0) | PeerFlag.completed
      },
    })
  }

  /** Removes a peer that stops. Its answer has counts but no peers. */
  #stop(announce: PeerAnnounce): AnnounceAnswer {
    const { infoHash } = announce
    this.#choice.clear()
    const swarm = this.#swarms.find(infoHash)
    if (swarm === 0) return this.#answer(0, null)
    const peer = this.#members.find(swarm)
    if (peer !== 0) {
      const flags = (this.#peers.columns.flags[peer] ?? 0) | PeerFlag.gone
      this.onChange?.({ announce, flags, isDownload: false })
      this.#members.remove(peer)
    }
    return this.#answer(this.#swarms.isInUse(swarm) ? swarm : 0, null)
  }

  /** Adds a swarm. If the store is full, the swarm that was empty longest is removed. */
  #addSwarm(infoHash: Uint8Array): number {
    const swarm = this.#swarms.add(infoHash)
    const oldest = this.#swarms.oldestEmpty
    if (swarm !== 0 || oldest === 0) return swarm
    this.#downloads.forget(this.#swarms.infoHashOf(oldest))
    this.#swarms.remove(oldest)
    return this.#swarms.add(infoHash)
  }

  /** Replaces a swarm whose only peer uses more than the candidate; 0 if there is none. */
  #displaceSwarm(infoHash: Uint8Array): number {
    const peer = this.#evictionPicker.find(this.#candidate, this.#swarms.highest, (swarm) => {
      return this.#members.count(swarm) === 1 ? this.#members.first(swarm) : 0
    })
    if (peer === 0) return 0
    const swarm = this.#peers.columns.swarms[peer] ?? 0
    this.#members.remove(peer)
    if (this.#swarms.isInUse(swarm)) {
      this.#downloads.forget(this.#swarms.infoHashOf(swarm))
      this.#swarms.remove(swarm)
    }
    return this.#swarms.add(infoHash)
  }

  /**
   * Removes a peer that uses more than the candidate, to let it join. Returns whether one was
   * found.
   */
  #displacePeer(joined: number): boolean {
    const { swarms } = this.#peers.columns
    const highest = this.#counters[Counter.highestPeer] ?? 0
    const peer = this.#evictionPicker.find(this.#candidate, highest, (number) => {
      const swarm = swarms[number] ?? 0
      // Without its last peer the swarm itself would be removed
      const isLast = swarm === joined && this.#members.count(swarm) === 1
      return swarm === 0 || isLast ? 0 : number
    })
    if (peer !== 0) this.#members.remove(peer)
    return peer !== 0
  }

  #choose(swarm: number, self: number, announce: PeerAnnounce): void {
    const { wanted, wantsIds, wantsBothFamilies } = announce
    const wantsSeeds = flagsOf(announce) === 0
    // Without a spread the object costs nothing; with one it would be most of an announce's cost
    this.#choice.choose(swarm, {
      self,
      isV6: this.#candidate.isV6,
      isLoopback: isLoopback(announce.address),
      wanted,
      wantsSeeds,
      wantsIds,
      wantsBothFamilies,
    })
  }

  #answer(swarm: number, refusal: StoreRefusal | null): AnnounceAnswer {
    if (refusal !== null) this.#choice.clear()
    const counts = swarm === 0 ? NO_COUNTS : this.#members.countsOf(swarm)
    const { peers4, peers6, ids4, ids6 } = this.#choice
    return {
      refusal,
      complete: counts.complete,
      incomplete: counts.incomplete,
      downloaders: counts.downloaders,
      downloaded: counts.downloaded,
      peers4,
      peers6,
      ids4,
      ids6,
    }
  }
}
