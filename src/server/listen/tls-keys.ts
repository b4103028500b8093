import type { Server } from 'node:tls'

/** A certificate with its chain, and its key; both in PEM. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** The oldest version of TLS that current browsers speak. */
export const MIN_VERSION = 'TLSv1.2'

/** The TLS keys of servers; another pair can replace the first. */
export class TlsKeys {
  readonly #servers: Server[] = []
  #pair: TlsPair

  constructor(pair: TlsPair) {
    this.#pair = pair
  }

  get pair(): TlsPair {
    return this.#pair
  }

  /**
   * Gives a server the current pair now and after each replacement; open connections keep theirs.
   */
  provide(server: Server): void {
    this.#servers.push(server)
  }

  /** Replaces the pair by another one, which was checked before. */
  replace(pair: TlsPair): void {
    this.#pair = pair
    for (const server of this.#servers) {
      server.setSecureContext({ ...pair, minVersion: MIN_VERSION })
    }
  }
}
