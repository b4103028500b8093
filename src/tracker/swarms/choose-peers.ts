import { isLoopback } from './address-kinds.js'
import type { IndexLists } from './index-lists.js'
import { PeerFlag } from './peer-table.js'
import { LISTS_PER_SWARM, type PeerColumns } from './store-memory.js'

/** The most peers that an answer has. */
export const MAX_ANSWER = 2000

/** What is wanted of a swarm. */
export interface Wish {
  /** Who asks: never given to itself. 0 for nobody. */
  readonly self: number
  readonly isV6: boolean
  /** Whether peers at loopback addresses are of use. */
  readonly isLoopback: boolean
  readonly wanted: number
  /** Seeds are of no use to seeds. */
  readonly wantsSeeds: boolean
  readonly wantsIds: boolean
  readonly wantsBothFamilies: boolean
}

/** Chooses peers of a swarm at random, without looking at more of them than are wanted. */
export class PeerChoice {
  readonly #columns: PeerColumns
  readonly #lists: IndexLists
  readonly #random: () => number
  readonly #addressBytes: Uint8Array
  readonly #idBytes: Uint8Array
  readonly #out4 = new Output(12, 4)
  readonly #out6 = new Output(0, 16)

  /** `random` gives unsigned integers of 32 bits. */
  constructor(columns: PeerColumns, lists: IndexLists, random: () => number) {
    this.#columns = columns
    this.#lists = lists
    this.#random = random
    this.#addressBytes = new Uint8Array(columns.addresses.buffer)
    this.#idBytes = new Uint8Array(columns.ids.buffer)
  }

  /** Six bytes a peer. As the other results, it lasts until the next choice. */
  get peers4(): Uint8Array {
    return this.#out4.peers
  }

  /** Eighteen bytes a peer. */
  get peers6(): Uint8Array {
    return this.#out6.peers
  }

  get ids4(): Uint8Array {
    return this.#out4.ids
  }

  get ids6(): Uint8Array {
    return this.#out6.ids
  }

  /** Forgets what was chosen. */
  clear(): void {
    this.#out4.clear()
    this.#out6.clear()
  }

  choose(swarm: number, wish: Wish): void {
    this.clear()
    const wanted = Math.min(wish.wanted, MAX_ANSWER)
    if (wanted === 0) return
    const own = LISTS_PER_SWARM * swarm + (wish.isV6 ? PeerFlag.v6 : 0)
    this.#chooseFamily(own, wish, wanted)
    const left = wanted - (wish.isV6 ? this.#out6 : this.#out4).count
    if (wish.wantsBothFamilies && left > 0) this.#chooseFamily(own ^ PeerFlag.v6, wish, left)
  }

  /** Takes leechers, whose list is given, and seeds in proportion to how many there are. */
  #chooseFamily(list: number, wish: Wish, wanted: number): void {
    const leechers = this.#lists.length(list) - (this.#isIn(list, wish.self) ? 1 : 0)
    const seeds = wish.wantsSeeds ? this.#lists.length(list + PeerFlag.seed) : 0
    if (leechers + seeds === 0) return
    // As many seeds as fall to them, the fraction decided by chance
    const fraction = this.#random() / 2 ** 32
    const share = Math.floor((wanted * seeds) / (leechers + seeds) + fraction)
    const seedsWanted = Math.min(seeds, Math.max(share, wanted - leechers))
    if (seeds > 0) this.#takeFrom(list + PeerFlag.seed, wish, seedsWanted)
    if (leechers > 0) this.#takeFrom(list, wish, wanted - seedsWanted)
  }

  #isIn(list: number, peer: number): boolean {
    const kind = (this.#columns.flags[peer] ?? 0) & (PeerFlag.seed | PeerFlag.v6)
    return peer !== 0 && kind === list % LISTS_PER_SWARM
  }

  /**
   * Takes peers of a list, one of each of as many equal sections as are wanted; where the sections
   * begin is random as well.
   */
  #takeFrom(list: number, wish: Wish, wanted: number): void {
    const length = this.#lists.length(list)
    // One more than wanted, for the case that the one who asks is among them
    const sections = Math.min(length, wanted + 1)
    const out = (list & PeerFlag.v6) === 0 ? this.#out4 : this.#out6
    const shift = this.#below(length)
    let taken = 0
    for (let section = 0; section < sections && taken < wanted; section += 1) {
      // Of a section of one there is nothing to reckon
      const place =
        shift + (sections === length ? section : this.#within(section, sections, length))
      const peer = this.#lists.at(list, place < length ? place : place - length)
      if (peer === wish.self) continue
      this.#put(peer, out, wish)
      taken += 1
    }
  }

  /** A random place in one of the equal sections of a list. */
  #within(section: number, sections: number, length: number): number {
    const from = Math.floor((section * length) / sections)
    const to = Math.floor(((section + 1) * length) / sections)
    return from + this.#below(to - from)
  }

  #put(peer: number, out: Output, wish: Wish): void {
    const port = this.#columns.ports[peer] ?? 0
    // Whoever asks can't connect to it
    if (port === 0) return
    if (!wish.isLoopback && isLoopback(this.#addressBytes, 16 * peer)) return
    if (wish.wantsIds) out.putId(this.#idBytes, 20 * peer)
    out.putPeer(this.#addressBytes, 16 * peer, port)
  }

  #below(count: number): number {
    return count <= 1 ? 0 : Math.floor((this.#random() * count) / 2 ** 32)
  }
}

const NOTHING = new Uint8Array(0)

/** Peers of one address family as bytes. */
class Output {
  count = 0
  readonly #from: number
  readonly #size: number
  readonly #peers: Uint8Array
  readonly #ids: Uint8Array
  #withIds = 0

  /** Where in 16 bytes the address begins, and its size. */
  constructor(from: number, size: number) {
    this.#from = from
    this.#size = size
    // Buffers, as most of what is taken of them becomes strings
    this.#peers = Buffer.alloc(MAX_ANSWER * (size + 2))
    this.#ids = Buffer.alloc(MAX_ANSWER * 20)
  }

  get peers(): Uint8Array {
    return this.count === 0 ? NOTHING : this.#peers.subarray(0, this.count * (this.#size + 2))
  }

  get ids(): Uint8Array {
    return this.#withIds === 0 ? NOTHING : this.#ids.subarray(0, this.#withIds * 20)
  }

  clear(): void {
    this.count = 0
    this.#withIds = 0
  }

  putId(ids: Uint8Array, offset: number): void {
    const to = 20 * this.count
    for (let at = 0; at < 20; at += 1) this.#ids[to + at] = ids[offset + at] ?? 0
    this.#withIds += 1
  }

  putPeer(addresses: Uint8Array, offset: number, port: number): void {
    const size = this.#size
    const to = this.count * (size + 2)
    for (let at = 0; at < size; at += 1) {
      this.#peers[to + at] = addresses[offset + this.#from + at] ?? 0
    }
    this.#peers[to + size] = port >>> 8
    this.#peers[to + size + 1] = port & 0xff
    this.count += 1
  }
}
