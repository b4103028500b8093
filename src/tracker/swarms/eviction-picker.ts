import type { AddressCounts } from './address-counts.js'
import type { Candidate } from './candidate.js'

/** Number of peers or swarms that are examined. */
const SAMPLES = 64

export interface EvictionPickerParts {
  readonly addresses: AddressCounts
  /** Four words per peer. */
  readonly peerAddresses: Uint32Array
  /** Returns unsigned integers of 32 bits. */
  readonly random: () => number
}

/**
 * Chooses the peer that a full store removes for a new one. Of some random peers it is the one
 * whose network has the most peers, and within that whose address has the most.
 * Nobody can therefore keep others out, even from many addresses.
 */
export class EvictionPicker {
  constructor(private readonly parts: EvictionPickerParts) {}

  /**
   * Finds a peer whose network or address has more peers than the candidate's would have; 0 for
   * none.
   * `peerAt` returns the peer for a number from 1 to `highest`, or 0 if that one cannot be removed.
   */
  find(candidate: Candidate, highest: number, peerAt: (number: number) => number): number {
    const { addresses, peerAddresses, random } = this.parts
    let chosen = 0
    const own = addresses.countNetwork(candidate.address, 0)
    let network = own
    let address = addresses.countAll(candidate.address, 0) + 1
    for (let sample = 0; sample < SAMPLES && highest > 0; sample += 1) {
      const peer = peerAt(1 + (random() % highest))
      if (peer === 0) continue
      const inNetwork = addresses.countNetwork(peerAddresses, 4 * peer)
      // The candidate's network would then have as many
      if (inNetwork === own + 1) continue
      const atAddress = addresses.countAll(peerAddresses, 4 * peer)
      const isGreedier = inNetwork > network || (inNetwork === network && atAddress > address)
      if (!isGreedier) continue
      chosen = peer
      network = inNetwork
      address = atAddress
    }
    return chosen
  }
}
