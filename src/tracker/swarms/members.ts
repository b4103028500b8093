import type { AddressCounts } from './address-counts.js'
import type { Candidate } from './candidate.js'
import type { IndexLists } from './index-lists.js'
import { PeerFlag, type PeerTable } from './peer-table.js'
import { Counter, LISTS_PER_SWARM } from './store-memory.js'
import type { PeerAnnounce, SwarmCounts } from './swarm-store.js'
import type { SwarmTable } from './swarm-table.js'

export interface MembersParts {
  readonly peers: PeerTable
  readonly swarms: SwarmTable
  readonly lists: IndexLists
  readonly addresses: AddressCounts
  readonly counters: Uint32Array
  /** The announcing peer, which `find` and `put` use. */
  readonly candidate: Candidate
  /** Whether swarms without peers are kept. */
  readonly keepsEmpty: boolean
}

/** The members of each swarm. Changes a peer's record, list, address and all counts together. */
export class Members {
  readonly #peers: PeerTable
  readonly #swarms: SwarmTable
  readonly #lists: IndexLists
  readonly #addresses: AddressCounts
  readonly #counters: Uint32Array
  readonly #candidate: Candidate
  readonly #keepsEmpty: boolean

  constructor(parts: MembersParts) {
    this.#peers = parts.peers
    this.#swarms = parts.swarms
    this.#lists = parts.lists
    this.#addresses = parts.addresses
    this.#counters = parts.counters
    this.#candidate = parts.candidate
    this.#keepsEmpty = parts.keepsEmpty
  }

  /**
   * The candidate's number in a swarm; 0 if it is not a member.
   * A peer is recognized by its id together with its key. If no key is known, the address must
   * match. A peer at the same address and port is always recognized.
   */
  find(swarm: number): number {
    return (
      this.#peers.findById(swarm, this.#candidate) ||
      this.#peers.findByAddress(swarm, this.#candidate)
    )
  }

  /** Whether a restored candidate is already a member. Its id counts only with the saved key. */
  isBack(swarm: number): boolean {
    const peers = this.#peers
    const alike = peers.findAlike(swarm, this.#candidate)
    return alike !== 0 || peers.findByAddress(swarm, this.#candidate) !== 0
  }

  /** Any peer of a swarm; 0 if it has none. */
  first(swarm: number): number {
    const first = LISTS_PER_SWARM * swarm
    for (let list = first; list < first + LISTS_PER_SWARM; list += 1) {
      if (this.#lists.length(list) > 0) return this.#lists.at(list, 0)
    }
    return 0
  }

  /** Adds or updates a peer, except its time. Returns 0 if there is no room. */
  put(swarm: number, known: number, announce: PeerAnnounce): number {
    return known === 0 ? this.#addPeer(swarm, announce) : this.#update(known, announce)
  }

  #addPeer(swarm: number, announce: PeerAnnounce): number {
    const peer = this.#peers.add(swarm, this.#candidate)
    if (peer === 0) return 0
    const { flags } = this.#peers.columns
    flags[peer] = (flags[peer] ?? 0) | flagsOf(announce)
    if (!this.#lists.add(this.#peers.listOf(peer), peer)) {
      this.#peers.remove(peer)
      return 0
    }
    this.#addresses.change(swarm, this.#placeOf(peer), 1)
    this.#countFlags(swarm, flags[peer] ?? 0, 1)
    if (this.count(swarm) === 1) this.#swarms.markPeopled(swarm)
    return peer
  }

  /** Updates a peer; returns 0 if there is no room for the change. */
  #update(peer: number, announce: PeerAnnounce): number {
    const { flags, swarms } = this.#peers.columns
    const swarm = swarms[peer] ?? 0
    this.#moveToAddress(swarm, peer)
    const before = flags[peer] ?? 0
    const after = (before & ~(PeerFlag.seed | PeerFlag.partialSeed)) | flagsOf(announce)
    if (after === before) return peer
    if ((before & PeerFlag.seed) !== (after & PeerFlag.seed)) {
      this.#lists.remove(this.#peers.listOf(peer), peer)
      flags[peer] = after
      if (!this.#lists.add(this.#peers.listOf(peer), peer)) return this.#dropUnlisted(peer, before)
    }
    flags[peer] = after
    this.#countFlags(swarm, before, -1)
    this.#countFlags(swarm, after, 1)
    return peer
  }

  /** Gives a peer the candidate's address, id and key. */
  #moveToAddress(swarm: number, peer: number): void {
    const { columns } = this.#peers
    const { port, key } = this.#candidate
    const isThere = columns.ports[peer] === port && this.#peers.hasAddress(peer, this.#candidate)
    const isSame = columns.keys[peer] === key && this.#peers.hasIdOf(peer, this.#candidate)
    if (isThere && isSame) return
    // The peer that was at the new address before is gone
    const former = this.#peers.findByAddress(swarm, this.#candidate)
    if (former !== 0 && former !== peer) this.remove(former)
    this.#addresses.change(swarm, this.#placeOf(peer), -1)
    this.#peers.rename(peer, this.#candidate)
    this.#addresses.change(swarm, this.#placeOf(peer), 1)
  }

  /** Removes a peer, and its swarm if that is then useless. */
  remove(peer: number): void {
    const { flags } = this.#peers.columns
    this.#lists.remove(this.#peers.listOf(peer), peer)
    this.#dropUnlisted(peer, flags[peer] ?? 0)
  }

  /** Removes a peer that is in no list but was counted with the flags `counted`. */
  #dropUnlisted(peer: number, counted: number): 0 {
    const swarm = this.#peers.columns.swarms[peer] ?? 0
    this.#addresses.change(swarm, this.#placeOf(peer), -1)
    this.#countFlags(swarm, counted, -1)
    this.#peers.remove(peer)
    if (this.count(swarm) > 0) return 0
    this.#swarms.markEmpty(swarm)
    this.dropIfUseless(swarm)
    return 0
  }

  /** Removes a swarm without peers, unless it has completed downloads to remember. */
  dropIfUseless(swarm: number): void {
    if (this.#keepsEmpty || this.count(swarm) > 0) return
    if (this.#swarms.columns.completed[swarm] === 0) this.#swarms.remove(swarm)
  }

  /**
   * Counts a completed download, once per peer and only if nothing is left to download. Returns
   * whether it was counted.
   */
  noteCompleted(swarm: number, peer: number, { event, isComplete }: PeerAnnounce): boolean {
    const { flags } = this.#peers.columns
    const before = flags[peer] ?? 0
    const isNews = event === 'completed' && isComplete && (before & PeerFlag.completed) === 0
    if (!isNews) return false
    flags[peer] = before | PeerFlag.completed
    const { completed } = this.#swarms.columns
    completed[swarm] = (completed[swarm] ?? 0) + 1
    return true
  }

  /** The counts for announces and scrapes. */
  countsOf(swarm: number): SwarmCounts {
    const complete = this.#countOf(swarm, PeerFlag.seed)
    const incomplete = this.#countOf(swarm, 0)
    const downloaders = incomplete - (this.#swarms.columns.partialSeeds[swarm] ?? 0)
    const downloaded = this.#swarms.columns.completed[swarm] ?? 0
    return { complete, incomplete, downloaders, downloaded }
  }

  /** Number of peers in a swarm. */
  count(swarm: number): number {
    return this.#countOf(swarm, 0) + this.#countOf(swarm, PeerFlag.seed)
  }

  /** Number of seeds or others, of both address families. */
  #countOf(swarm: number, kind: number): number {
    const list = LISTS_PER_SWARM * swarm + kind
    return this.#lists.length(list) + this.#lists.length(list + PeerFlag.v6)
  }

  #countFlags(swarm: number, flags: number, change: 1 | -1): void {
    const { partialSeeds } = this.#swarms.columns
    if ((flags & PeerFlag.partialSeed) !== 0) {
      partialSeeds[swarm] = (partialSeeds[swarm] ?? 0) + change
    }
    if ((flags & PeerFlag.seed) !== 0) {
      this.#counters[Counter.seeds] = (this.#counters[Counter.seeds] ?? 0) + change
    }
  }

  #placeOf(peer: number): { addresses: Uint32Array; offset: number } {
    return { addresses: this.#peers.columns.addresses, offset: 4 * peer }
  }
}

/** The flags for an announce. */
export function flagsOf({ isComplete, event }: PeerAnnounce): number {
  if (isComplete) return PeerFlag.seed
  return event === 'paused' ? PeerFlag.partialSeed : 0
}
