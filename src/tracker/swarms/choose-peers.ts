import { PeerFlag, type PeerTable } from './peer-table.js'
import { isLoopback, isMappedV4, type PeerAnnounce } from './swarm-types.js'

/** The most peers in an answer. */
const MAX_ANSWER = 2000

/** The peers that a requesting one can use. */
interface Wish {
  /** Its number, which is never given to itself. */
  readonly self: number
  /** Whether it can use peers at loopback addresses. */
  readonly isLoopback: boolean
  /** False for seeds that have begun; they have no use for others. */
  readonly wantsSeeds: boolean
  readonly wantsIds: boolean
}

/**
 * Chooses random peers of a swarm. The time depends on the number of wanted peers, not on the
 * swarm.
 */
export class PeerChoice {
  /** Chosen peers: IPv4 with six bytes each, IPv6 with 18. They are valid until the next choice. */
  readonly v4 = new Output(12, 4)
  readonly v6 = new Output(0, 16)

  constructor(private readonly peers: PeerTable) {}

  /** Empties the results. */
  clear(): void {
    this.v4.clear()
    this.v6.clear()
  }

  /** Chooses peers for the announce of the peer with this number. */
  choose(swarm: number, self: number, announce: PeerAnnounce): void {
    this.clear()
    const { address, event, wantsIds, wantsBothFamilies } = announce
    const wanted = Math.min(announce.wanted, MAX_ANSWER)
    if (wanted === 0) return
    const isV6 = !isMappedV4(address)
    const isDone = announce.isComplete || event === 'paused'
    // A client with a magnet link alone does not know what is left: aria2 says 0
    const wantsSeeds = !isDone || event === 'started'
    // Without a spread the object costs nothing; with one it would be most of an announce's cost
    const wish = { self, isLoopback: isLoopback(address), wantsSeeds, wantsIds }
    const own = isV6 ? PeerFlag.v6 : 0
    this.#chooseFamily(swarm, own, wish, wanted)
    const left = wanted - (isV6 ? this.v6 : this.v4).count
    if (wantsBothFamilies && left > 0) this.#chooseFamily(swarm, own ^ PeerFlag.v6, wish, left)
  }

  /**
   * Chooses leechers from `list` and seeds from its counterpart, in proportion to their numbers.
   */
  #chooseFamily(swarm: number, list: number, wish: Wish, wanted: number): void {
    const own = (this.peers.flags[wish.self] ?? 0) & (PeerFlag.seed | PeerFlag.v6)
    const leechers = this.peers.members.length(swarm, list) - (own === list ? 1 : 0)
    const seeds = wish.wantsSeeds ? this.peers.members.length(swarm, list + PeerFlag.seed) : 0
    if (leechers + seeds === 0) return
    // The proportional share of seeds; chance decides how the fraction is rounded
    const share = Math.floor((wanted * seeds) / (leechers + seeds) + Math.random())
    const seedsWanted = Math.min(seeds, Math.max(share, wanted - leechers))
    if (seeds > 0) this.#takeFrom(swarm, list + PeerFlag.seed, wish, seedsWanted)
    if (leechers > 0) this.#takeFrom(swarm, list, wish, wanted - seedsWanted)
  }

  /**
   * Divides a list into equal sections and takes a random peer from each. The position of the first
   * section is random, too.
   */
  #takeFrom(swarm: number, list: number, wish: Wish, wanted: number): void {
    const { members } = this.peers
    const [start, length] = [members.start(swarm, list), members.length(swarm, list)]
    const numbers = members.numbers(swarm)
    // One more than wanted, because the requester may be among them
    const sections = Math.min(length, wanted + 1)
    const out = (list & PeerFlag.v6) === 0 ? this.v4 : this.v6
    const shift = below(length)
    let taken = 0
    for (let section = 0; section < sections && taken < wanted; section += 1) {
      // A section of one peer needs no random number
      const place = shift + (sections === length ? section : within(section, sections, length))
      const peer = numbers[start + (place < length ? place : place - length)] ?? 0
      if (peer === wish.self) continue
      this.#put(peer, out, wish)
      taken += 1
    }
  }

  #put(peer: number, out: Output, wish: Wish): void {
    const port = this.peers.ports[peer] ?? 0
    // Nobody can connect to port 0
    if (port === 0) return
    if (!wish.isLoopback && isLoopback(this.peers.addressBytes, 16 * peer)) return
    if (wish.wantsIds) out.putId(this.peers.idBytes, 20 * peer)
    out.putPeer(this.peers.addressBytes, 16 * peer, port)
  }
}

/** A random index within one of the equal sections of a list. */
function within(section: number, sections: number, length: number): number {
  const from = Math.floor((section * length) / sections)
  const to = Math.floor(((section + 1) * length) / sections)
  return from + below(to - from)
}

function below(count: number): number {
  return Math.floor(Math.random() * count)
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

  /** `from` is the offset of the address within 16 bytes, `size` its length. */
  constructor(from: number, size: number) {
    this.#from = from
    this.#size = size
    // Buffers, because most results are turned into strings
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
