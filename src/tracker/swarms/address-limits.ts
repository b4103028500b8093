import type { AddressCounts } from './address-counts.js'
import type { Candidate } from './candidate.js'
import type { PeerTable } from './peer-table.js'
import type { StoreLimits } from './swarm-store.js'

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
