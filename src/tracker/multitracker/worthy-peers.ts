import { addressOf, formatAddress } from '../protocol/peer-address.js'
import { isLocal } from '../protocol/local-address.js'
import type { CompactPeers } from '../protocol/tracker-answer.js'
import { isConnectable } from '../swarms/address-kinds.js'

export interface PeersWish {
  /** The most peers to keep. */
  readonly maxPeers: number
  /** Whether peers in private networks are kept. */
  readonly takesLocal: boolean
}

/** Keeps the peers that a client can connect to, up to the limit. */
export function worthyPeers({ peers4, peers6 }: CompactPeers, wish: PeersWish): CompactPeers {
  const of4 = take(peers4, 6, wish)
  const left = wish.maxPeers - of4.length / 6
  return { peers4: of4, peers6: take(peers6, 18, { ...wish, maxPeers: left }) }
}

function take(peers: Uint8Array, size: 6 | 18, { maxPeers, takesLocal }: PeersWish): Uint8Array {
  const taken: Uint8Array[] = []
  for (let at = 0; at < peers.length && taken.length < maxPeers; at += size) {
    const peer = peers.subarray(at, at + size)
    if (isWorthy(peer, takesLocal)) taken.push(peer)
  }
  return Buffer.concat(taken)
}

function isWorthy(peer: Uint8Array, takesLocal: boolean): boolean {
  if (peer.at(-2) === 0 && peer.at(-1) === 0) return false
  const address = addressOf(peer)
  return isConnectable(address) && (takesLocal || !isLocal(formatAddress(address)))
}
