import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchanges } from '../exchange/exchanges.js'

/** Tells which requests are still answered once the service stops. */
export class DrainGate {
  readonly #exchanges: Pick<Exchanges, 'unasked'>
  readonly #always: string
  /** Once it stops: the connections that were taken before, and on which the first request may come. */
  #unasked: Set<Socket> | null = null

  /** `always` is the address that is answered until the end. */
  constructor(exchanges: Pick<Exchanges, 'unasked'>, always: string) {
    this.#exchanges = exchanges
    this.#always = always
  }

  /** From now on, no further requests are answered. */
  close(): void {
    this.#unasked = this.#exchanges.unasked()
  }

  /** Whether a request is to be answered. */
  admits({ socket, url }: Pick<IncomingMessage, 'socket' | 'url'>): boolean {
    return this.#unasked === null || this.#unasked.delete(socket) || url === this.#always
  }
}
