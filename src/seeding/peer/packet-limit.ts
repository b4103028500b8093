/**
 * Counts the packets of a second before they are read: whatever strangers send, only so many are
 * read, and those of one sender never keep others from being heard.
 */
export class PacketLimit {
  #second = 0
  #taken = 0
  /** The packets of each sender in this second. */
  readonly #senders = new Map<string, number>()

  constructor(
    private readonly perSecond: number,
    private readonly perSender: number,
  ) {}

  /** Counts a packet of an address. Returns whether it may be read. */
  take(address: string): boolean {
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.#second) {
      ;[this.#second, this.#taken] = [second, 0]
      this.#senders.clear()
    }
    const sent = this.#senders.get(address) ?? 0
    if (this.#taken >= this.perSecond || sent >= this.perSender) return false
    this.#senders.set(address, sent + 1)
    this.#taken++
    return true
  }
}
