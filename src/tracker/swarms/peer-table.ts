import { randomInt } from 'node:crypto'
import { type HashTable, KeyedHash, PartedTable, hashOf } from './hash-table.js'
import { MemberLists } from './member-lists.js'
import { type PeerAnnounce, isMappedV4 } from './swarm-types.js'

/** Properties of a peer, as bits. The first two select its list in the swarm. */
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

/** The flags that are the number of a peer's list. */
const LIST = PeerFlag.seed | PeerFlag.v6

/** The place of the peer that announces. Members have the numbers from 1. */
const CANDIDATE = 0

/**
 * All peers: about 64 bytes each in columns that are allocated once, of which the system provides
 * the pages that are written, and 15 to 90 in tables. An object for each peer would take 400 bytes.
 */
export class PeerTable {
  /** Four words each, in network order. */
  readonly #addresses: Uint32Array
  readonly addressBytes: Buffer
  /** Five words each. */
  readonly #ids: Uint32Array
  readonly idBytes: Buffer
  readonly ports: Uint16Array
  readonly keys: Uint32Array
  /**
   * Time of the last announce in seconds, with fractions: an announce and a stop may be a moment
   * apart.
   */
  readonly heard: Float64Array
  /** See `PeerFlag`. */
  readonly flags: Uint8Array
  /** The number of each peer's swarm; 0 in a free place. */
  readonly swarms: Uint32Array
  readonly members: MemberLists
  /** Number of partial seeds in each swarm. */
  readonly partialSeeds: Uint32Array
  /** Free places up to the highest number. */
  readonly #free: number[] = []
  #highest = 0
  /** The numbers of peers near each other, in all swarms. */
  readonly #near = new PartedTable()
  /** Of an address, an id, and a key or port. */
  readonly #hash = new KeyedHash(10)
  /** Of the candidate. */
  #loaded = { id: 0, address: 0, near: 0 }
  #seeds = 0
  /** The key of the seed in this process. */
  readonly ownKey = randomInt(1, 2 ** 32)

  constructor(maxPeers: number, maxSwarms: number) {
    const places = maxPeers + 1
    this.#addresses = new Uint32Array(4 * places)
    this.addressBytes = Buffer.from(this.#addresses.buffer)
    this.#ids = new Uint32Array(5 * places)
    this.idBytes = Buffer.from(this.#ids.buffer)
    this.ports = new Uint16Array(places)
    this.keys = new Uint32Array(places)
    this.heard = new Float64Array(places)
    this.flags = new Uint8Array(places)
    this.swarms = new Uint32Array(places)
    this.members = new MemberLists(maxPeers, maxSwarms)
    this.partialSeeds = new Uint32Array(maxSwarms + 1)
  }

  /** The highest number used so far. */
  get highest(): number {
    return this.#highest
  }

  get count(): number {
    return this.highest - this.#free.length
  }

  get seeds(): number {
    return this.#seeds
  }

  /** Loads the candidate: the peer that the other methods look for, or add. */
  load({ peerId, address, port, key }: PeerAnnounce): void {
    // For a few bytes a loop is faster than `set`
    for (let at = 0; at < 20; at += 1) this.idBytes[at] = peerId[at] ?? 0
    for (let at = 0; at < 16; at += 1) this.addressBytes[at] = address[at] ?? 0
    this.ports[CANDIDATE] = port
    this.keys[CANDIDATE] = key
    this.flags[CANDIDATE] = isMappedV4(address) ? 0 : PeerFlag.v6
    this.#loaded = this.#hashesOf(CANDIDATE)
  }

  /**
   * The candidate's number in a swarm; 0 if it is not a member.
   * A peer is recognized by its id together with its key. If no key is known, the address must
   * match. A peer at the same address and port is always recognized, except at port 0: behind one
   * address may be many that nobody can connect to, and each is only itself.
   */
  find(swarm: number): number {
    const key = this.keys[CANDIDATE] ?? 0
    const alike = this.#findById(swarm, key)
    if (alike !== 0 || this.ports[CANDIDATE] === 0) return alike
    return (key === 0 ? 0 : this.#findById(swarm, 0)) || this.findByAddress(swarm)
  }

  /** The same for a restored candidate, whose id counts only with the saved key. */
  findSaved(swarm: number): number {
    return this.#findById(swarm, this.keys[CANDIDATE] ?? 0) || this.findByAddress(swarm)
  }

  /** The peer at the candidate's address and port; 0 for none, or if the port is 0. */
  findByAddress(swarm: number): number {
    if (this.ports[CANDIDATE] === 0) return 0
    const index = this.members.index(swarm)
    const isIt = (peer: number) => this.isThere(peer)
    return index ? index.find(this.#loaded.address, isIt) : this.#search(swarm, isIt)
  }

  #findById(swarm: number, key: number): number {
    const isIt = (peer: number) => {
      if (this.keys[peer] !== key || !this.#hasId(peer)) return false
      return key === 0 ? this.#hasAddress(peer) : this.#isOfFamily(peer)
    }
    const index = this.members.index(swarm)
    if (!index) return this.#search(swarm, isIt)
    return index.find(key === 0 ? this.#idHash(CANDIDATE, 0) : this.#loaded.id, isIt)
  }

  /** Searches a small swarm; 0 for none. */
  #search(swarm: number, isIt: (peer: number) => boolean): number {
    const [numbers, start] = [this.members.numbers(swarm), this.members.start(swarm, 0)]
    const end = start + this.members.count(swarm)
    for (let at = start; at < end; at += 1) {
      const peer = numbers[at] ?? 0
      if (isIt(peer)) return peer
    }
    return 0
  }

  /** Whether a peer is at the candidate's address and port. */
  isThere(peer: number): boolean {
    return this.ports[peer] === this.ports[CANDIDATE] && this.#hasAddress(peer)
  }

  /** Whether a peer has the candidate's id and key. */
  isSame(peer: number): boolean {
    return this.keys[peer] === this.keys[CANDIDATE] && this.#hasId(peer)
  }

  /** Whether a peer, or the candidate, is the own seed. */
  isOwn(peer = CANDIDATE): boolean {
    return this.keys[peer] === this.ownKey
  }

  #hasId(peer: number): boolean {
    const ids = this.#ids
    for (let at = 0; at < 5; at += 1) if (ids[5 * peer + at] !== ids[at]) return false
    return true
  }

  #hasAddress(peer: number): boolean {
    const addresses = this.#addresses
    for (let at = 3; at >= 0; at -= 1) if (addresses[4 * peer + at] !== addresses[at]) return false
    return true
  }

  #isOfFamily(peer: number): boolean {
    return (((this.flags[peer] ?? 0) ^ (this.flags[CANDIDATE] ?? 0)) & PeerFlag.v6) === 0
  }

  /** Whether a peer is at the candidate's IPv4 address, or in its /64. */
  isNear(peer: number): boolean {
    return this.#nearHash(peer) === this.#loaded.near
  }

  /** Number of peers near the candidate, or of another such hash, in all swarms. */
  countNear(near = this.#loaded.near): number {
    return this.#near.part(near).count(near)
  }

  /** The same in one swarm. */
  countNearIn(swarm: number): number {
    const index = this.members.index(swarm)
    if (index) return index.count(this.#loaded.near)
    return this.members.copy(swarm).filter((peer) => this.isNear(peer)).length
  }

  /** Adds the candidate with flags to a swarm; returns 0 if there is no room. */
  add(swarm: number, flags: number): number {
    const isFull = this.count === this.ports.length - 1
    if (isFull) return 0
    const peer = this.#free.pop() ?? (this.#highest += 1)
    this.swarms[peer] = swarm
    this.flags[peer] = (this.flags[CANDIDATE] ?? 0) | flags
    this.#copy(peer)
    this.#list(swarm, peer)
    this.#enter(swarm, peer)
    return peer
  }

  /** Gives a peer the candidate's id, key, address and port. */
  rename(swarm: number, peer: number): void {
    this.#leave(swarm, peer)
    this.#copy(peer)
    this.#enter(swarm, peer)
  }

  /** Changes a peer's flags, except its address family. */
  setFlags(swarm: number, peer: number, flags: number): void {
    this.#unlist(swarm, peer)
    this.flags[peer] = flags
    this.#list(swarm, peer)
  }

  /** Removes a peer, and returns the swarm in which it was; 0 if there is no such peer. */
  remove(peer: number): number {
    const swarm = this.swarms[peer] ?? 0
    if (swarm === 0) return 0
    this.#unlist(swarm, peer)
    this.#leave(swarm, peer)
    this.swarms[peer] = 0
    this.#free.push(peer)
    return swarm
  }

  #copy(peer: number): void {
    for (let at = 0; at < 5; at += 1) this.#ids[5 * peer + at] = this.#ids[at] ?? 0
    for (let at = 0; at < 4; at += 1) this.#addresses[4 * peer + at] = this.#addresses[at] ?? 0
    this.ports[peer] = this.ports[CANDIDATE] ?? 0
    this.keys[peer] = this.keys[CANDIDATE] ?? 0
  }

  #list(swarm: number, peer: number): void {
    this.members.add(swarm, this.#count(swarm, peer, 1) & LIST, peer)
  }

  #unlist(swarm: number, peer: number): void {
    this.members.remove(swarm, this.#count(swarm, peer, -1) & LIST, peer)
  }

  /** Counts a peer by its flags, and returns them. */
  #count(swarm: number, peer: number, change: 1 | -1): number {
    const flags = this.flags[peer] ?? 0
    const isPartialSeed = (flags & PeerFlag.partialSeed) !== 0
    if (isPartialSeed) this.partialSeeds[swarm] = (this.partialSeeds[swarm] ?? 0) + change
    if ((flags & PeerFlag.seed) !== 0) this.#seeds += change
    return flags
  }

  /** Makes a peer known that is what the candidate is. */
  #enter(swarm: number, peer: number): void {
    this.#near.part(this.#loaded.near).increase(this.#loaded.near, 1)
    const index = this.members.index(swarm)
    if (index?.isEmpty) for (const each of this.members.copy(swarm)) this.#addToIndex(index, each)
    else if (index) this.#addToIndex(index, peer, this.#loaded)
  }

  /**
   * Adds a peer by id and key, or address for a peer without a key; by address and port; and counts
   * those near each other.
   */
  #addToIndex(index: HashTable, peer: number, { id, address, near } = this.#hashesOf(peer)): void {
    index.increase(near, 1)
    index.add(id, peer)
    // Nobody is looked for at port 0, where very many may be
    if (this.ports[peer] !== 0) index.add(address, peer)
  }

  #leave(swarm: number, peer: number): void {
    const { id, address, near } = this.#hashesOf(peer)
    this.#near.part(near).increase(near, -1)
    const index = this.members.index(swarm)
    index?.increase(near, -1)
    index?.remove(id, peer)
    index?.remove(address, peer)
  }

  #hashesOf(peer: number) {
    const port = this.#hash.part(this.ports, peer, 1, 9)
    const address = hashOf(this.#addressPart(peer, 0, 4) + port)
    return { id: this.#idHash(peer, this.keys[peer]), address, near: this.#nearHash(peer) }
  }

  #idHash(peer: number, key: number | undefined): number {
    const other = key === 0 ? this.#addressPart(peer, 0, 4) : this.#hash.part(this.keys, peer, 1, 9)
    return hashOf(this.#hash.part(this.#ids, 5 * peer, 5, 4) + other)
  }

  /** Equal for peers at an IPv4 address, or in a /64 of IPv6, and for all own seeds. */
  #nearHash(peer: number): number {
    const isV4 = ((this.flags[peer] ?? 0) & PeerFlag.v6) === 0
    return this.isOwn(peer) ? 0 : hashOf(this.#addressPart(peer, isV4 ? 2 : 0, 2))
  }

  #addressPart(peer: number, from: number, count: number): number {
    return this.#hash.part(this.#addresses, 4 * peer + from, count, from)
  }

  /** The network of a peer: its /24, or /48 for IPv6. */
  #networkKey(peer: number): string {
    const [from, to] = ((this.flags[peer] ?? 0) & PeerFlag.v6) === 0 ? [12, 15] : [0, 6]
    return this.addressBytes.toString('latin1', 16 * peer + from, 16 * peer + to)
  }

  /**
   * Finds the peer that a full store removes for the candidate; 0 for none. Of some random peers it
   * is one whose network has most of them, and within that whose address has most peers. Nobody can
   * therefore keep others out, even from many addresses.
   */
  findGreediest(canRemove: (peer: number) => boolean): number {
    const sample = this.#sample()
    const perNetwork = new Map<string, number>()
    for (const peer of sample) {
      const key = this.#networkKey(peer)
      perNetwork.set(key, (perNetwork.get(key) ?? 0) + 1)
    }
    const own = perNetwork.get(this.#networkKey(CANDIDATE)) ?? 0
    let [chosen, network, address] = [0, own, this.countNear() + 1]
    for (const peer of sample) {
      const inNetwork = perNetwork.get(this.#networkKey(peer)) ?? 0
      // The candidate's network would then have as many
      if (inNetwork < network || inNetwork === own + 1 || this.isOwn(peer) || !canRemove(peer))
        continue
      const atAddress = this.countNear(this.#nearHash(peer))
      if (inNetwork === network && atAddress <= address) continue
      ;[chosen, network, address] = [peer, inNetwork, atAddress]
    }
    return chosen
  }

  /** Whether all peers of a swarm are of one network. */
  areOfOneNetwork(swarm: number): boolean {
    const [first = 0, ...others] = this.members.copy(swarm)
    const network = this.#networkKey(first)
    return others.every((peer) => this.#networkKey(peer) === network)
  }

  /** Some random peers, or all if there are few. */
  #sample(): Set<number> {
    const { highest } = this
    const sample = new Set<number>()
    for (let n = 1; n <= Math.min(highest, SAMPLES); n += 1) {
      const peer = highest <= SAMPLES ? n : 1 + Math.floor(Math.random() * highest)
      if (this.swarms[peer]) sample.add(peer)
    }
    return sample
  }
}

/** Peers that are compared to find the greediest. */
const SAMPLES = 128
