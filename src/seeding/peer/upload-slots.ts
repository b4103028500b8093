/** Peers that upload is offered to at once. */
const SLOTS = 64

/** Milliseconds that a peer keeps its slot while others wait. */
const SLOT_TIME = 10_000

/** Milliseconds in which a peer with a slot must ask for something while others wait. */
const IDLE = 3000

/** Share of the slots that change hands at once. */
const TURNING = 1 / 4

/** Slots that one client keeps while others wait: a client may have many connections. */
const SLOTS_OF_CLIENT = 8

/** A peer that wants data. */
export interface Downloader {
  /** The same for all peers of one client. */
  readonly client: string
  /** When it last had asked for something, by the monotonic clock. */
  readonly busyAt: number
  readonly choke: () => void
  readonly unchoke: () => void
}

/** Gives upload slots to peers in turn, so that none waits for ever. */
export class UploadSlots {
  /** The peers with a slot, the longest first. */
  readonly #served = new Map<Downloader, { readonly client: string; readonly since: number }>()
  /** The clients of the peers without one, the longest waiting first. */
  readonly #waiting = new Map<Downloader, string>()

  constructor(private readonly monotonic: () => number) {}

  /** The number of peers that have a slot. */
  get used(): number {
    return this.#served.size
  }

  /** A peer wants data. */
  want(peer: Downloader): void {
    if (this.#served.has(peer) || this.#waiting.has(peer)) return
    this.#waiting.set(peer, peer.client)
    this.#fill()
  }

  /** A peer wants nothing any more, or is gone. */
  leave(peer: Downloader): void {
    this.#waiting.delete(peer)
    if (this.#served.delete(peer)) this.#fill()
  }

  /** Lets waiting peers have their turn. Call it every second or so. */
  turn(): void {
    const now = this.monotonic()
    let due = Math.ceil(SLOTS * TURNING)
    for (const [peer, { client, since }] of [...this.#served]) {
      const isIdle = now - Math.max(since, peer.busyAt) >= IDLE
      if (!isIdle && now - since < SLOT_TIME) continue
      const slots = this.#slotsOfClients()
      slots.set(client, (slots.get(client) ?? 0) - 1)
      const next = this.#next(slots)
      if (!next) break
      // The peer would be the next itself
      if (!isIdle && slotsOf(next, slots) > slotsOf([peer, client], slots)) continue
      this.#swap(peer, next)
      if (--due <= 0) break
    }
    this.#fill()
  }

  /** Gives free slots, and those of clients that have too many, to peers that wait. */
  #fill(): void {
    while (this.#waiting.size > 0) {
      const slots = this.#slotsOfClients()
      const isFull = this.#served.size >= SLOTS
      const crowded = isFull ? this.#crowded(slots) : null
      if (isFull && !crowded) return
      const next = this.#next(slots)
      if (!next) return
      if (crowded && slotsOf(next, slots) >= SLOTS_OF_CLIENT) return
      if (crowded) this.#swap(crowded, next)
      else this.#serve(next)
    }
  }

  #swap(peer: Downloader, next: Waiting): void {
    const client = this.#served.get(peer)?.client ?? ''
    this.#served.delete(peer)
    this.#waiting.set(peer, client)
    peer.choke()
    this.#serve(next)
  }

  #serve([peer, client]: Waiting): void {
    this.#waiting.delete(peer)
    this.#served.set(peer, { client, since: this.monotonic() })
    peer.unchoke()
  }

  #slotsOfClients(): Map<string, number> {
    const slots = new Map<string, number>()
    for (const { client } of this.#served.values()) slots.set(client, (slots.get(client) ?? 0) + 1)
    return slots
  }

  /** The longest served peer of a client that has too many slots. */
  #crowded(slots: ReadonlyMap<string, number>): Downloader | null {
    for (const [peer, { client }] of this.#served) {
      if ((slots.get(client) ?? 0) > SLOTS_OF_CLIENT) return peer
    }
    return null
  }

  /** The waiting peer whose client has the fewest slots, of several the longest waiting one. */
  #next(slots: ReadonlyMap<string, number>): Waiting | null {
    let next: Waiting | null = null
    for (const waiting of this.#waiting) {
      if (!next || slotsOf(waiting, slots) < slotsOf(next, slots)) next = waiting
      if (slotsOf(next, slots) === 0) break
    }
    return next
  }
}

/** A peer without a slot, and its client. */
type Waiting = readonly [peer: Downloader, client: string]

function slotsOf([, client]: Waiting, slots: ReadonlyMap<string, number>): number {
  return slots.get(client) ?? 0
}
