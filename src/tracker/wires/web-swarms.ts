import { type ShareLimits, Shares } from '../../server/connections/connection-limits.js'
import { MAX_OFFERS } from './web-messages.js'

/**
 * Most offers of a peer that wait for an answer, and milliseconds for which they do. Clients wait
 * 50 s.
 */
const MOST_OPEN = 2 * MAX_OFFERS
const OPEN_FOR = 120_000

/** Torrents of a connection, on average of all that a client may have. */
const TORRENTS = 25

/** A connection as far as its peers know it. */
interface Seat<Link> {
  /** The key under which its peers are counted; null if they are not limited. */
  readonly share: string | null
  /** Its peers, usually one for each torrent. */
  readonly members: Set<Member<Link>>
}

/** A peer of a torrent. */
export interface Member<Link> {
  readonly infoHash: string
  readonly peerId: string
  readonly link: Link
  isComplete: boolean
  /** Milliseconds at its last announce. */
  heard: number
  /** Its place in its swarm. */
  place: number
  /**
   * Offers of it that were handed on, by their ids, the oldest first: who may answer them, and
   * until when.
   */
  readonly offered: Map<string, { readonly to: string; readonly until: number }>
}

/** The peers of a torrent that are reached over WebSocket. */
interface Swarm<Link> {
  readonly byId: Map<string, Member<Link>>
  readonly members: Member<Link>[]
}

/**
 * The peers that are reached over WebSocket, by their torrents. The counts of swarms are the
 * store's.
 */
export class WebSwarms<Link extends Seat<Link>> {
  readonly #swarms = new Map<string, Swarm<Link>>()
  /** Counts the peers of each client. */
  readonly #peers: Shares

  constructor({ all, perClient, perNetwork }: ShareLimits) {
    this.#peers = new Shares({
      all: TORRENTS * all,
      perClient: TORRENTS * perClient,
      perNetwork: TORRENTS * perNetwork,
    })
  }

  find(infoHash: string, peerId: string): Member<Link> | undefined {
    return this.#swarms.get(infoHash)?.byId.get(peerId)
  }

  /** Adds a peer; null if its client has too many. */
  join(infoHash: string, peerId: string, link: Link): Member<Link> | null {
    if (!this.#peers.take(link.share)) return null
    const swarm: Swarm<Link> = this.#swarms.get(infoHash) ?? { byId: new Map(), members: [] }
    this.#swarms.set(infoHash, swarm)
    const { length: place } = swarm.members
    const state = { isComplete: false, heard: 0, place, offered: new Map() }
    const member: Member<Link> = { infoHash, peerId, link, ...state }
    swarm.members.push(member)
    swarm.byId.set(peerId, member)
    link.members.add(member)
    return member
  }

  forget(member: Member<Link>): void {
    const { infoHash, peerId, link, place } = member
    link.members.delete(member)
    this.#peers.give(link.share)
    const swarm = this.#swarms.get(infoHash)
    const last = swarm?.members.pop()
    if (!swarm || !last) return
    swarm.byId.delete(peerId)
    if (swarm.members.length === 0) this.#swarms.delete(infoHash)
    if (last === member) return
    last.place = place
    swarm.members[place] = last
  }

  /** Chooses other members of a swarm from a random place on, no seeds for a seed. */
  choose(self: Member<Link>, wanted: number): Member<Link>[] {
    const found: Member<Link>[] = []
    const { members = [] } = this.#swarms.get(self.infoHash) ?? {}
    const start = Math.floor(Math.random() * members.length)
    // Of a large swarm, some may be the wrong ones
    for (let n = 0; n < members.length && n < 4 * wanted && found.length < wanted; n += 1) {
      const other = members[(start + n) % members.length]
      if (other && other !== self && !(other.isComplete && self.isComplete)) found.push(other)
    }
    return found
  }
}

/** Notes that an offer of a peer is handed to another one, who may answer it. */
export function noteOffer({ offered }: Member<unknown>, offer: string, to: string, now: number) {
  offered.delete(offer)
  offered.set(offer, { to, until: now + OPEN_FOR })
  const [oldest = ''] = offered.size > MOST_OPEN ? offered.keys() : []
  offered.delete(oldest)
}

/** Whether a peer may answer an offer of another one, which then has its answer. */
export function takeOffer({ offered }: Member<unknown>, offer: string, by: string, now: number) {
  const open = offered.get(offer)
  if (open?.to !== by || open.until < now) return false
  return offered.delete(offer)
}
