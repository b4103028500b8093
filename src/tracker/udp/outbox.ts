/** A packet and its destination. */
interface Waiting {
  readonly packet: Buffer
  readonly port: number
  readonly address: string
}

/**
 * Collects the answers of one turn and sends them at its end.
 * Node reads dozens of packets per turn. If each were answered at once, a receiver on the same
 * machine would be woken for each answer, which costs the sender more than most of its other work.
 */
export class Outbox {
  #waiting: Waiting[] = []

  constructor(private readonly send: (packet: Buffer, port: number, address: string) => void) {}

  put(packet: Buffer, port: number, address: string): void {
    if (this.#waiting.push({ packet, port, address }) === 1) setImmediate(this.flush)
  }

  /** Sends all waiting packets now. */
  readonly flush = (): void => {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    for (const { packet, port, address } of waiting) this.send(packet, port, address)
  }
}
