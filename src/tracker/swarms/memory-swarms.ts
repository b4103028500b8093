import { AddressCounts } from './address-counts.js'
import { isConnectable, isLoopback } from './address-kinds.js'
import { AddressLimits } from './address-limits.js'
import { Candidate } from './candidate.js'
import { PeerChoice } from './choose-peers.js'
import { EvictionPicker } from './eviction-picker.js'
import { IndexLists } from './index-lists.js'
import { IndexPool } from './index-pool.js'
import { flagsOf, Members } from './members.js'
import { PeerFlag, PeerTable } from './peer-table.js'
import { saveSwarms } from './save-swarms.js'
import { PEER4_SIZE } from './swarm-records.js'
import { Counter, LISTS_PER_SWARM, type StoreMemory } from './store-memory.js'
import { SwarmReader } from './swarm-reader.js'
import type {
  AnnounceAnswer,
  OutsideWish,
  PeerAnnounce,
  StoreLimits,
  StoreRefusal,
  StoreTotals,
  SwarmCounts,
  SwarmPage,
  SwarmRestorer,
  SwarmSummary,
} from './swarm-store.js'
import { SwarmTable } from './swarm-table.js'

export interface MemorySwarmsParts {
  readonly memory: StoreMemory
  readonly limits: StoreLimits
  /** Seconds on a clock that is never set back. */
  readonly now: () => number
  /** Gives unsigned integers of 32 bits. */
  readonly random: () => number
}

const NO_COUNTS: SwarmCounts = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }

/**
 * The swarms of a tracker, in memory that is laid out beforehand, without an object for each peer:
 * some 90 bytes a peer. Every call takes a bounded time, long works being cut in slices, so that
 * announces can go on between them.
 */
export class MemorySwarms {
  readonly #limits: StoreLimits
  readonly #now: () => number
  readonly #counters: Uint32Array
  readonly #peers: PeerTable
  readonly #swarms: SwarmTable
  readonly #lists: IndexLists
  readonly #addressLimits: AddressLimits
  readonly #choice: PeerChoice
  readonly #greediest: EvictionPicker
  readonly #candidate = new Candidate()
  readonly #members: Members

  constructor({ memory, limits, now, random }: MemorySwarmsParts) {
    this.#limits = limits
    this.#now = now
    this.#counters = memory.counters
    this.#peers = new PeerTable(memory)
    this.#swarms = new SwarmTable(memory)
    this.#lists = new IndexLists(memory.lists, new IndexPool(memory.pool))
    const addresses = new AddressCounts(memory)
    this.#addressLimits = new AddressLimits({ peers: this.#peers, addresses, limits })
    const peerAddresses = memory.peers.addresses
    this.#greediest = new EvictionPicker({ addresses, peerAddresses, random })
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

  /** Notes what a peer says, and chooses peers for it. */
  announce(announce: PeerAnnounce): AnnounceAnswer {
    this.#candidate.load(announce)
    if (announce.event === 'stopped') return this.#stop(announce)
    const { infoHash } = announce
    const swarm =
      this.#swarms.find(infoHash) || this.#addSwarm(infoHash) || this.#displaceSwarm(infoHash)
    if (swarm === 0) return this.#answer(0, 'full')
    const known = this.#members.find(swarm)
    const isAllowed = this.#addressLimits.allows(swarm, known, this.#candidate)
    let peer = isAllowed ? this.#members.put(swarm, known, announce) : 0
    if (peer === 0 && known === 0 && isAllowed && this.#displacePeer(swarm)) {
      peer = this.#members.put(swarm, 0, announce)
    }
    if (peer === 0) {
      this.#members.dropIfUseless(swarm)
      return this.#answer(0, isAllowed ? 'full' : 'too-many')
    }
    this.#peers.columns.heard[peer] = this.#now()
    this.#members.noteCompleted(swarm, peer, announce)
    this.#choose(swarm, peer, announce)
    return this.#answer(swarm, null)
  }

  /** Peers of a swarm for somebody who does not take part in it. */
  choose({ infoHash, wanted, wantsIds, isLoopback }: OutsideWish): AnnounceAnswer {
    const swarm = this.#swarms.find(infoHash)
    const wish = { self: 0, isV6: false, wantsSeeds: true, wantsBothFamilies: true }
    if (swarm === 0) this.#choice.clear()
    else this.#choice.choose(swarm, { ...wish, wanted, wantsIds, isLoopback })
    return this.#answer(swarm, null)
  }

  /** null for a torrent of which nothing is known. */
  scrape(infoHash: Uint8Array): SwarmCounts | null {
    const swarm = this.#swarms.find(infoHash)
    return swarm === 0 ? null : this.#members.countsOf(swarm)
  }

  /** The swarms from a place in the store on, at most `limit` places of it. Begins at 0. */
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

  /** Forgets a swarm and its peers. */
  forget(infoHash: Uint8Array): void {
    const swarm = this.#swarms.find(infoHash)
    if (swarm === 0) return
    this.#swarms.columns.completed[swarm] = 0
    for (let list = LISTS_PER_SWARM * swarm; list < LISTS_PER_SWARM * (swarm + 1); list += 1) {
      while (this.#lists.length(list) > 0) this.#members.remove(this.#lists.at(list, 0))
    }
    if (this.#swarms.isInUse(swarm)) this.#swarms.remove(swarm)
  }

  /**
   * Looks at the next `slots` places for peers that were not heard of for too long, and forgets
   * those. Returns whether the end of all places was reached: the next call begins again.
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
   * The whole state as bytes, a slice at each step, which lasts until the next; what changes
   * meanwhile may be in it or not.
   */
  *save(): Generator<Uint8Array, void> {
    const parts = { peers: this.#peers, swarms: this.#swarms, lists: this.#lists }
    yield* saveSwarms({ ...parts, now: this.#now })
  }

  /**
   * Prepares to take back a state that was saved `age` seconds ago, and has about `size` bytes: it
   * goes faster when that is known.
   */
  restore(age: number, size = 0): SwarmRestorer {
    this.#peers.reserve(Math.min(Math.floor(size / PEER4_SIZE), this.#limits.maxPeers))
    const now = this.#now()
    const oldest = now - this.#limits.peerTimeout
    let swarm = 0
    return new SwarmReader({
      swarm: (infoHash, completed) => {
        swarm = this.#swarms.find(infoHash) || this.#addSwarm(infoHash)
        if (swarm !== 0) this.#swarms.columns.completed[swarm] = completed
      },
      peer: (announce, peerAge, isCounted) => {
        const heard = now - age - peerAge
        if (swarm === 0 || heard < oldest || !isConnectable(announce.address)) return
        this.#candidate.load(announce)
        // What has announced itself already is known better
        if (this.#members.isBack(swarm)) return
        const peer = this.#members.put(swarm, 0, announce)
        if (peer === 0) return
        const { columns } = this.#peers
        columns.heard[peer] = Math.max(0, heard)
        if (isCounted) columns.flags[peer] = (columns.flags[peer] ?? 0) | PeerFlag.completed
      },
    })
  }

  /** A peer that leaves is told the counts, and no peers. */
  #stop({ infoHash }: PeerAnnounce): AnnounceAnswer {
    this.#choice.clear()
    const swarm = this.#swarms.find(infoHash)
    if (swarm === 0) return this.#answer(0, null)
    const peer = this.#members.find(swarm)
    if (peer !== 0) this.#members.remove(peer)
    return this.#answer(this.#swarms.isInUse(swarm) ? swarm : 0, null)
  }

  /** Takes a place for a swarm; that of the one that is without peers longest, if need be. */
  #addSwarm(infoHash: Uint8Array): number {
    const swarm = this.#swarms.add(infoHash)
    if (swarm !== 0 || this.#swarms.oldestEmpty === 0) return swarm
    this.#swarms.remove(this.#swarms.oldestEmpty)
    return this.#swarms.add(infoHash)
  }

  /** Takes the place of a swarm whose only peer is greedier than the candidate; 0 for none. */
  #displaceSwarm(infoHash: Uint8Array): number {
    const peer = this.#greediest.find(this.#candidate, this.#swarms.highest, (swarm) => {
      return this.#members.count(swarm) === 1 ? this.#members.first(swarm) : 0
    })
    if (peer === 0) return 0
    const swarm = this.#peers.columns.swarms[peer] ?? 0
    this.#members.remove(peer)
    if (this.#swarms.isInUse(swarm)) this.#swarms.remove(swarm)
    return this.#swarms.add(infoHash)
  }

  /** Whether a peer has given way that is greedier than the candidate, which joins a swarm. */
  #displacePeer(joined: number): boolean {
    const { swarms } = this.#peers.columns
    const highest = this.#counters[Counter.highestPeer] ?? 0
    const peer = this.#greediest.find(this.#candidate, highest, (number) => {
      const swarm = swarms[number] ?? 0
      // The swarm itself would go with its last peer
      const isLast = swarm === joined && this.#members.count(swarm) === 1
      return swarm === 0 || isLast ? 0 : number
    })
    if (peer !== 0) this.#members.remove(peer)
    return peer !== 0
  }

  #choose(swarm: number, self: number, announce: PeerAnnounce): void {
    const { wanted, wantsIds, wantsBothFamilies } = announce
    const { isV6 } = this.#candidate
    const wantsSeeds = flagsOf(announce) === 0
    const asker = { self, isV6, isLoopback: isLoopback(announce.address) }
    this.#choice.choose(swarm, { ...asker, wanted, wantsSeeds, wantsIds, wantsBothFamilies })
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
