/** A packet, and whom it is for. */
interface Waiting {
  readonly packet: Buffer
  readonly port: number
  readonly address: string
}

/**
 * Sends the answers of a turn one after the other at its end. Node reads some dozens of packets in a
 * turn; whoever is at the other end on the same machine would else be woken for each of their
 * answers, which costs the sender more than most of what else it does.
 */
export class Outbox {
  readonly #send: (packet: Buffer, port: number, address: string) => void
  #waiting: Waiting[] = []

  constructor(send: (packet: Buffer, port: number, address: string) => void) {
    this.#send = send
  }

  put(packet: Buffer, port: number, address: string): void {
    if (this.#waiting.push({ packet, port, address }) === 1) setImmediate(this.flush)
  }

  /** Sends what waits now. */
  readonly flush = (): void => {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    for (const { packet, port, address } of waiting) this.#send(packet, port, address)
  }
}
