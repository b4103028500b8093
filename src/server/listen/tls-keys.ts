import type { Server } from 'node:tls'

/** A certificate, with those that lead from it to one that clients know, and its key: both in PEM. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** Of TLS, as browsers of today still speak it. */
export const MIN_VERSION = 'TLSv1.2'

/** What servers prove themselves by: another pair may take the place of the first. */
export class TlsKeys {
  readonly #servers: Server[] = []
  #pair: TlsPair

  constructor(pair: TlsPair) {
    this.#pair = pair
  }

  get pair(): TlsPair {
    return this.#pair
  }

  /** Gives a server the pair of each moment: connections that are open keep what they have. */
  provide(server: Server): void {
    this.#servers.push(server)
  }

  /** Puts another pair, which was checked, in the place of the one before. */
  replace(pair: TlsPair): void {
    this.#pair = pair
    for (const server of this.#servers) {
      server.setSecureContext({ ...pair, minVersion: MIN_VERSION })
    }
  }
}
