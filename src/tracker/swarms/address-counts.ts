import { hashWords } from './keyed-hash.js'
import type { Candidate } from './candidate.js'
import type { PeerTable } from './peer-table.js'
import type { StoreMemory } from './store-memory.js'
import type { StoreLimits } from './swarm-store.js'

const MAX_IN_SWARM = 0xffff

/**
 * Counts the peers at each address. An IPv6 address stands for its /64.
 * Counters are selected by a keyed hash of the address, so that memory is bounded. Some addresses
 * share a counter, which matters little because limits are far above the usual number.
 */
export class AddressCounts {
  readonly #hashKey: Uint32Array
  readonly #all: Uint32Array
  readonly #inSwarm: Uint16Array
  readonly #networks: Uint32Array
  readonly #words = new Uint32Array(4)

  constructor({ hashKey, perAddress, perAddressInSwarm, perNetwork }: StoreMemory) {
    this.#hashKey = hashKey
    this.#all = perAddress
    this.#inSwarm = perAddressInSwarm
    this.#networks = perNetwork
  }

  /** Number of peers at an address in all swarms. `offset` is the index of its four words. */
  countAll(addresses: Uint32Array, offset: number): number {
    return this.#all[this.#placeInAll(addresses, offset)] ?? 0
  }

  /** Number of peers in an address's network in all swarms: its /24, or /48 for IPv6. */
  countNetwork(addresses: Uint32Array, offset: number): number {
    return this.#networks[this.#placeInNetworks(addresses, offset)] ?? 0
  }

  /** Number of peers at an address in one swarm. */
  countIn(swarm: number, addresses: Uint32Array, offset: number): number {
    return this.#inSwarm[this.#placeInSwarm(swarm, addresses, offset)] ?? 0
  }

  /** Adds or removes one peer at an address. */
  change(
    swarm: number,
    at: { readonly addresses: Uint32Array; readonly offset: number },
    change: 1 | -1,
  ): void {
    const all = this.#placeInAll(at.addresses, at.offset)
    this.#all[all] = (this.#all[all] ?? 0) + change
    const network = this.#placeInNetworks(at.addresses, at.offset)
    this.#networks[network] = (this.#networks[network] ?? 0) + change
    const inSwarm = this.#placeInSwarm(swarm, at.addresses, at.offset)
    const count = this.#inSwarm[inSwarm] ?? 0
    // A full counter stays full: counting down would give a number below the true one
    if (count < MAX_IN_SWARM) this.#inSwarm[inSwarm] = count + change
  }

  #placeInAll(addresses: Uint32Array, offset: number): number {
    this.#loadNetwork(addresses, offset)
    return hashWords(this.#hashKey, this.#words, 3) & (this.#all.length - 1)
  }

  #placeInNetworks(addresses: Uint32Array, offset: number): number {
    this.#loadNetwork(addresses, offset)
    // The words are in network order, so the last part of each is in its highest bits
    if (this.#words[2] === 0) this.#words[1] = (this.#words[1] ?? 0) & 0xffff
    else this.#words[2] = (this.#words[2] ?? 0) & 0xffffff
    return hashWords(this.#hashKey, this.#words, 3) & (this.#networks.length - 1)
  }

  #placeInSwarm(swarm: number, addresses: Uint32Array, offset: number): number {
    this.#loadNetwork(addresses, offset)
    this.#words[3] = swarm
    return hashWords(this.#hashKey, this.#words, 4) & (this.#inSwarm.length - 1)
  }

  /**
   * Loads the /64 of an address. For IPv4, whose mapped form begins with two words of 0, the
   * address itself.
   */
  #loadNetwork(addresses: Uint32Array, offset: number): void {
    this.#words[0] = addresses[offset] ?? 0
    this.#words[1] = addresses[offset + 1] ?? 0
    const isMapped = this.#words[0] === 0 && this.#words[1] === 0
    this.#words[2] = isMapped ? (addresses[offset + 3] ?? 0) : 0
  }
}

export interface AddressLimitsParts {
  readonly peers: PeerTable
  readonly addresses: AddressCounts
  readonly limits: Pick<StoreLimits, 'maxPerAddress' | 'maxPerAddressInSwarm'>
}

/** Limits the number of peers at an address, for new peers and for peers that move there. */
export class AddressLimits {
  constructor(private readonly parts: AddressLimitsParts) {}

  /** Whether the candidate may be at its address. `known` is its number in the swarm, or 0. */
  allows(swarm: number, known: number, candidate: Candidate): boolean {
    return (
      (known !== 0 && this.#isCounted(swarm, known, candidate)) || this.#hasRoom(swarm, candidate)
    )
  }

  /** Whether the candidate adds no peer to its address. */
  #isCounted(swarm: number, known: number, candidate: Candidate): boolean {
    const { peers } = this.parts
    return peers.isAtNetworkOf(known, candidate) || peers.findByAddress(swarm, candidate) !== 0
  }

  #hasRoom(swarm: number, { address }: Candidate): boolean {
    const { addresses, limits } = this.parts
    return (
      addresses.countIn(swarm, address, 0) < limits.maxPerAddressInSwarm &&
      addresses.countAll(address, 0) < limits.maxPerAddress
    )
  }
}
