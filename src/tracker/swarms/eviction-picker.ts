import type { AddressCounts } from './address-counts.js'
import type { Candidate } from './candidate.js'

/** How many peers or swarms are looked at. */
const SAMPLES = 64

export interface GreediestParts {
  readonly addresses: AddressCounts
  /** Four words for each peer. */
  readonly peerAddresses: Uint32Array
  /** Gives unsigned integers of 32 bits. */
  readonly random: () => number
}

/**
 * Finds who gives way in a full store: of some that are chosen at random, the peer whose network
 * has the most peers, and whose address has the most of these. So nobody can keep others out, be
 * it from many addresses.
 */
export class EvictionPicker {
  readonly #parts: GreediestParts

  constructor(parts: GreediestParts) {
    this.#parts = parts
  }

  /**
   * A peer that holds more than the candidate would; 0 for none. `peerAt` tells the peer of a number
   * from 1 to `highest`, 0 where there is none that may go.
   */
  find(candidate: Candidate, highest: number, peerAt: (number: number) => number): number {
    const { addresses, peerAddresses, random } = this.#parts
    let greediest = 0
    const own = addresses.countNetwork(candidate.address, 0)
    let network = own
    let address = addresses.countAll(candidate.address, 0) + 1
    for (let sample = 0; sample < SAMPLES && highest > 0; sample += 1) {
      const peer = peerAt(1 + (random() % highest))
      if (peer === 0) continue
      const inNetwork = addresses.countNetwork(peerAddresses, 4 * peer)
      // The candidate's network would hold as much afterwards
      if (inNetwork === own + 1) continue
      const atAddress = addresses.countAll(peerAddresses, 4 * peer)
      const isGreedier = inNetwork > network || (inNetwork === network && atAddress > address)
      if (!isGreedier) continue
      greediest = peer
      network = inNetwork
      address = atAddress
    }
    return greediest
  }
}
