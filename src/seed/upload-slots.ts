/** Peers that upload is offered to at once. */
const SLOTS = 64

/** Milliseconds that a peer keeps its slot while others wait. */
const TURN = 10_000

/** Share of the slots that change hands at once. */
const TURNING = 1 / 4

/** A peer that wants data. */
interface Downloader {
  readonly choke: () => void
  readonly unchoke: () => void
}

/** Gives upload slots to peers in turn, so that none waits for ever. */
export class UploadSlots {
  /** The peers with a slot, and since when; the longest first. */
  readonly #served = new Map<Downloader, number>()
  /** The peers without one, the longest waiting first. */
  readonly #waiting = new Set<Downloader>()

  constructor(private readonly monotonic: () => number) {}

  /** The number of peers that have a slot. */
  get used(): number {
    return this.#served.size
  }

  /** A peer wants data. */
  want(peer: Downloader): void {
    if (this.#served.has(peer)) return
    this.#waiting.add(peer)
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
    let due = Math.min(this.#waiting.size, Math.ceil(SLOTS * TURNING))
    for (const [peer, since] of [...this.#served]) {
      if (due-- <= 0 || now - since < TURN) break
      this.#served.delete(peer)
      this.#waiting.add(peer)
      peer.choke()
    }
    this.#fill()
  }

  #fill(): void {
    for (const peer of this.#waiting) {
      if (this.#served.size >= SLOTS) return
      this.#waiting.delete(peer)
      this.#served.set(peer, this.monotonic())
      peer.unchoke()
    }
  }
}
