import type { Candidate } from './candidate.js'
import { HashIndex } from './hash-index.js'
import { hashWords } from './keyed-hash.js'
import { Counter, LISTS_PER_SWARM, type PeerColumns, type StoreMemory } from './store-memory.js'

/** Properties of a peer, as bits. */
export const PeerFlag = {
  seed: 1,
  v6: 2,
  /** Incomplete, but downloads no more (BEP 21). */
  partialSeed: 4,
  /** Its completed download was counted. */
  completed: 8,
  /** It stopped: only in changes that are sent to other trackers. */
  gone: 16,
  /** It announced to another tracker, not to this one. */
  foreign: 32,
} as const

/**
 * All peers, indexed by swarm, address and port, and by swarm, peer id and key. For a peer without
 * a key, its address takes the place of the key.
 * Each combination exists at most once, even if many peers claim the same id.
 */
export class PeerTable {
  readonly columns: PeerColumns
  readonly #counters: Uint32Array
  readonly #hashKey: Uint32Array
  readonly #byId: HashIndex
  readonly #byAddress: HashIndex
  readonly #idBytes: Uint8Array
  readonly #addressBytes: Uint8Array
  readonly #words = new Uint32Array(11)

  constructor(memory: StoreMemory) {
    this.columns = memory.peers
    this.#counters = memory.counters
    this.#hashKey = memory.hashKey
    this.#byId = new HashIndex(memory.peers.byId)
    this.#byAddress = new HashIndex(memory.peers.byAddress)
    this.#idBytes = new Uint8Array(memory.peers.ids.buffer)
    this.#addressBytes = new Uint8Array(memory.peers.addresses.buffer)
  }

  /**
   * Finds the peer with the candidate's id and key. If there is none, finds one with its id and
   * address that has no key. Returns 0 for none.
   */
  findById(swarm: number, candidate: Candidate): number {
    const alike = this.findAlike(swarm, candidate)
    return alike !== 0 || candidate.key === 0 ? alike : this.#findKeyless(swarm, candidate)
  }

  /**
   * Finds the peer with the candidate's id and key, or with its id and address if neither has a
   * key.
   */
  findAlike(swarm: number, candidate: Candidate): number {
    const { key } = candidate
    if (key === 0) return this.#findKeyless(swarm, candidate)
    return this.#findByKey(swarm, candidate, key)
  }

  /** The peer at the candidate's address and port; 0 for none. */
  findByAddress(swarm: number, candidate: Candidate): number {
    const { swarms, ports } = this.columns
    let peer = this.#byAddress.first(this.#hashAddress(swarm, candidate.address, candidate.port))
    for (; peer !== 0; peer = this.#byAddress.following(peer)) {
      const isAtPort = swarms[peer] === swarm && ports[peer] === candidate.port
      if (isAtPort && this.hasAddress(peer, candidate)) return peer
    }
    return 0
  }

  hasAddress(peer: number, { address }: Candidate): boolean {
    const { addresses } = this.columns
    for (let at = 0; at < 4; at += 1) if (addresses[4 * peer + at] !== address[at]) return false
    return true
  }

  /** Whether a peer has the candidate's IPv4 address, or is in its /64. */
  isAtNetworkOf(peer: number, { address, isV6 }: Candidate): boolean {
    const { addresses } = this.columns
    const size = isV6 ? 2 : 4
    for (let at = 0; at < size; at += 1) if (addresses[4 * peer + at] !== address[at]) return false
    return true
  }

  hasIdOf(peer: number, { id }: Candidate): boolean {
    const { ids } = this.columns
    for (let at = 0; at < 5; at += 1) if (ids[5 * peer + at] !== id[at]) return false
    return true
  }

  /** Prepares the empty tables for a number of peers. */
  reserve(peers: number): void {
    this.#byId.reserve(peers)
    this.#byAddress.reserve(peers)
  }

  /** Copies a peer's id, 20 bytes. */
  copyId(peer: number, to: Uint8Array, at: number): void {
    const from = 20 * peer
    for (let n = 0; n < 20; n += 1) to[at + n] = this.#idBytes[from + n] ?? 0
  }

  /** Copies a peer's address: 16 bytes for IPv6, 4 for IPv4. */
  copyAddress(peer: number, to: Uint8Array, at: number): void {
    const isV6 = ((this.columns.flags[peer] ?? 0) & PeerFlag.v6) !== 0
    const size = isV6 ? 16 : 4
    const from = 16 * peer + 16 - size
    for (let n = 0; n < size; n += 1) to[at + n] = this.#addressBytes[from + n] ?? 0
  }

  /** Adds the candidate; returns 0 if there is no room. */
  add(swarm: number, candidate: Candidate): number {
    const peer = this.#takePlace()
    if (peer === 0) return 0
    const { swarms, flags } = this.columns
    swarms[peer] = swarm
    flags[peer] = candidate.isV6 ? PeerFlag.v6 : 0
    this.#index(peer, candidate)
    this.#count(Counter.peers, 1)
    return peer
  }

  /** Gives a peer the candidate's id, key, address and port. */
  rename(peer: number, candidate: Candidate): void {
    this.#byId.remove(peer)
    this.#byAddress.remove(peer)
    this.#index(peer, candidate)
  }

  remove(peer: number): void {
    const { swarms, keys } = this.columns
    this.#byId.remove(peer)
    this.#byAddress.remove(peer)
    swarms[peer] = 0
    keys[peer] = this.#counters[Counter.freePeer] ?? 0
    this.#counters[Counter.freePeer] = peer
    this.#count(Counter.peers, -1)
  }

  /** The list in which a peer belongs. */
  listOf(peer: number): number {
    const flags = this.columns.flags[peer] ?? 0
    const swarm = this.columns.swarms[peer] ?? 0
    return LISTS_PER_SWARM * swarm + (flags & (PeerFlag.seed | PeerFlag.v6))
  }

  #index(peer: number, candidate: Candidate): void {
    const { id, address, port, key } = candidate
    const { ids, addresses, ports, swarms, keys } = this.columns
    for (let at = 0; at < 5; at += 1) ids[5 * peer + at] = id[at] ?? 0
    for (let at = 0; at < 4; at += 1) addresses[4 * peer + at] = address[at] ?? 0
    ports[peer] = port
    keys[peer] = key
    const swarm = swarms[peer] ?? 0
    this.#byId.add(peer, this.#hashId(swarm, candidate, key))
    this.#byAddress.add(peer, this.#hashAddress(swarm, address, port))
  }

  #takePlace(): number {
    const free = this.#counters[Counter.freePeer] ?? 0
    if (free !== 0) {
      this.#counters[Counter.freePeer] = this.columns.keys[free] ?? 0
      return free
    }
    const highest = this.#counters[Counter.highestPeer] ?? 0
    if (highest + 1 >= this.columns.swarms.length) return 0
    this.#counters[Counter.highestPeer] = highest + 1
    return highest + 1
  }

  #findByKey(swarm: number, candidate: Candidate, key: number): number {
    const { keys } = this.columns
    let peer = this.#byId.first(this.#hashId(swarm, candidate, key))
    for (; peer !== 0; peer = this.#byId.following(peer)) {
      if (keys[peer] === key && this.#isOne(peer, swarm, candidate)) return peer
    }
    return 0
  }

  #findKeyless(swarm: number, candidate: Candidate): number {
    const { keys } = this.columns
    let peer = this.#byId.first(this.#hashId(swarm, candidate, 0))
    for (; peer !== 0; peer = this.#byId.following(peer)) {
      const isThere = keys[peer] === 0 && this.hasAddress(peer, candidate)
      if (isThere && this.#isOne(peer, swarm, candidate)) return peer
    }
    return 0
  }

  #isOne(peer: number, swarm: number, candidate: Candidate): boolean {
    const { swarms, flags } = this.columns
    const family = candidate.isV6 ? PeerFlag.v6 : 0
    if (swarms[peer] !== swarm || ((flags[peer] ?? 0) & PeerFlag.v6) !== family) return false
    return this.hasIdOf(peer, candidate)
  }

  /** Hashes id and key, or id and address if the key is 0. */
  #hashId(swarm: number, { id, isV6, address }: Candidate, key: number): number {
    this.#words[0] = swarm
    this.#words[1] = key
    for (let at = 0; at < 5; at += 1) this.#words[2 + at] = id[at] ?? 0
    if (key !== 0) {
      this.#words[7] = isV6 ? 1 : 0
      return hashWords(this.#hashKey, this.#words, 8)
    }
    for (let at = 0; at < 4; at += 1) this.#words[7 + at] = address[at] ?? 0
    return hashWords(this.#hashKey, this.#words, 11)
  }

  #hashAddress(swarm: number, address: Uint32Array, port: number): number {
    this.#words[0] = swarm
    this.#words[1] = port
    for (let at = 0; at < 4; at += 1) this.#words[2 + at] = address[at] ?? 0
    return hashWords(this.#hashKey, this.#words, 6)
  }

  #count(counter: number, change: number): void {
    this.#counters[counter] = (this.#counters[counter] ?? 0) + change
  }
}
