import { LRUCache } from 'lru-cache'
import { addressOf } from '../protocol/peer-address.js'
import type { CompactPeers } from '../protocol/tracker-answer.js'
import { isLoopback, isMappedV4 } from '../swarms/address-kinds.js'
import type { AnnounceAnswer } from '../swarms/swarm-store.js'

/** The most torrents whose peers are kept. The least recently used go first. */
const MAX_TORRENTS = 20_000

/** Milliseconds after which peers are no longer handed out: half an hour. */
const LIFETIME = 30 * 60_000

/** The announce whose answer is filled up. */
export interface FillWish {
  readonly infoHash: Uint8Array
  /** The most peers in the whole answer. */
  readonly wanted: number
  readonly wantsIds: boolean
  readonly wantsBothFamilies: boolean
  /** Address (16 bytes) and port of the announcing client. */
  readonly own: { readonly address: Uint8Array; readonly port: number }
}

/**
 * Peers reported by other trackers. Clients receive them if this tracker knows too few peers.
 * They are not counted and not passed to other trackers; otherwise trackers could keep a dead peer
 * alive among themselves.
 */
export class ForeignPeers {
  readonly #torrents = new LRUCache<string, { readonly peers: CompactPeers; readonly at: number }>({
    max: MAX_TORRENTS,
  })

  /** `monotonic` returns milliseconds on a clock that is never set. */
  constructor(private readonly monotonic: () => number) {}

  /** Replaces the peers of a torrent, given by its info hash in hexadecimal. */
  put(infoHash: string, peers: CompactPeers): void {
    this.#torrents.set(infoHash, { peers, at: this.monotonic() })
  }

  /** Adds peers to an answer, without duplicates, up to the wanted number. */
  fillUp(answer: AnnounceAnswer, wish: FillWish): AnnounceAnswer {
    // The ids of these peers are unknown
    if (wish.wantsIds) return answer
    let room = wish.wanted - answer.peers4.length / 6 - answer.peers6.length / 18
    const peers = room > 0 ? this.#peersOf(wish.infoHash) : null
    if (peers === null) return answer
    const { address, port } = wish.own
    const endpoint = Buffer.from([...address, port >>> 8, port & 0xff])
    const isV6 = !isMappedV4(address)
    const add = (own: Uint8Array, more: Uint8Array, size: 6 | 18) => {
      if ((size === 18) !== isV6 && !wish.wantsBothFamilies) return own
      const asker = endpoint.subarray(18 - size)
      const added = newPeers(own, more, { size, room, asker, takesLoopback: isLoopback(address) })
      room -= added.length / size
      return added.length === 0 ? own : Buffer.concat([own, added])
    }
    const peers4 = add(answer.peers4, peers.peers4, 6)
    return { ...answer, peers4, peers6: add(answer.peers6, peers.peers6, 18) }
  }

  #peersOf(infoHash: Uint8Array): CompactPeers | null {
    const known = this.#torrents.get(Buffer.from(infoHash).toString('hex'))
    return known === undefined || this.monotonic() - known.at > LIFETIME ? null : known.peers
  }
}

interface NewPeersWish {
  readonly size: number
  readonly room: number
  readonly asker: Uint8Array
  readonly takesLoopback: boolean
}

/** The peers in `more` that are neither in `own` nor the asking client. */
function newPeers(own: Uint8Array, more: Uint8Array, wish: NewPeersWish): Buffer {
  const { size, room, asker, takesLoopback } = wish
  const seen = new Set([latin1(asker), ...endpoints(own, size).map(latin1)])
  const added: Uint8Array[] = []
  for (const peer of endpoints(more, size)) {
    if (added.length >= room) break
    if (seen.has(latin1(peer)) || (!takesLoopback && isLoopback(addressOf(peer)))) continue
    seen.add(latin1(peer))
    added.push(peer)
  }
  return Buffer.concat(added)
}

/** Splits compact peers into one array each. */
function endpoints(peers: Uint8Array, size: number): Uint8Array[] {
  const count = Math.floor(peers.length / size)
  return Array.from({ length: count }, (_, n) => peers.subarray(n * size, (n + 1) * size))
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
