import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchanges } from '../exchange/exchanges.js'

/** Decides which requests are still answered while the service stops. */
export class DrainGate {
  /** While stopping: older connections whose first request is still answered; null before. */
  #unasked: Set<Socket> | null = null

  /** `always` is the address that is answered until the end. */
  constructor(
    private readonly exchanges: Pick<Exchanges, 'unasked'>,
    private readonly always: string,
  ) {}

  /** Begins to refuse further requests. */
  close(): void {
    this.#unasked = this.exchanges.unasked()
  }

  /** Whether a request is to be answered. */
  admits({ socket, url }: Pick<IncomingMessage, 'socket' | 'url'>): boolean {
    return this.#unasked === null || this.#unasked.delete(socket) || url === this.always
  }
}
