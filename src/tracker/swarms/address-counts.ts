import { hashWords } from './keyed-hash.js'
import type { StoreMemory } from './store-memory.js'

const MAX_IN_SWARM = 0xffff

/**
 * How many peers each address has, an IPv6 address standing for its /64. Addresses are not told
 * apart by themselves but by a keyed hash, so that the memory is bounded: some share a count, which
 * matters little as limits are far above what one address has.
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

  /** Peers at an address in all swarms. `offset` is where its four words begin. */
  countAll(addresses: Uint32Array, offset: number): number {
    return this.#all[this.#placeInAll(addresses, offset)] ?? 0
  }

  /** Peers in the network of an address in all swarms: its /24, or /48 of IPv6. */
  countNetwork(addresses: Uint32Array, offset: number): number {
    return this.#networks[this.#placeInNetworks(addresses, offset)] ?? 0
  }

  /** Peers at an address in a swarm. */
  countIn(swarm: number, addresses: Uint32Array, offset: number): number {
    return this.#inSwarm[this.#placeInSwarm(swarm, addresses, offset)] ?? 0
  }

  /** Notes that an address has one peer more (1) or less (-1). */
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
    // A full counter can't be counted down again: it would end up below what is there
    if (count < MAX_IN_SWARM) this.#inSwarm[inSwarm] = count + change
  }

  #placeInAll(addresses: Uint32Array, offset: number): number {
    this.#loadNetwork(addresses, offset)
    return hashWords(this.#hashKey, this.#words, 3) & (this.#all.length - 1)
  }

  #placeInNetworks(addresses: Uint32Array, offset: number): number {
    this.#loadNetwork(addresses, offset)
    // In network order, so that the last part of each is in the highest bits
    if (this.#words[2] === 0) this.#words[1] = (this.#words[1] ?? 0) & 0xffff
    else this.#words[2] = (this.#words[2] ?? 0) & 0xffffff
    return hashWords(this.#hashKey, this.#words, 3) & (this.#networks.length - 1)
  }

  #placeInSwarm(swarm: number, addresses: Uint32Array, offset: number): number {
    this.#loadNetwork(addresses, offset)
    this.#words[3] = swarm
    return hashWords(this.#hashKey, this.#words, 4) & (this.#inSwarm.length - 1)
  }

  /** The address itself for IPv4, which begins with two words of 0 in its mapped form. */
  #loadNetwork(addresses: Uint32Array, offset: number): void {
    this.#words[0] = addresses[offset] ?? 0
    this.#words[1] = addresses[offset + 1] ?? 0
    const isMapped = this.#words[0] === 0 && this.#words[1] === 0
    this.#words[2] = isMapped ? (addresses[offset + 3] ?? 0) : 0
  }
}
