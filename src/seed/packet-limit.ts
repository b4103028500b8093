/** Counts the packets of a second: whatever strangers send, only so many are read. */
export class PacketLimit {
  #second = 0
  #taken = 0

  constructor(private readonly perSecond: number) {}

  /** Counts a packet. Returns whether it may be read. */
  take(): boolean {
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.#second) [this.#second, this.#taken] = [second, 0]
    return ++this.#taken <= this.perSecond
  }
}
