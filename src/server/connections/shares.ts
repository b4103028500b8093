import { networkOf } from './client-address.js'

/** Most at once: in all, for one client, and for one IPv6 network. */
export interface ShareLimits {
  readonly all: number
  readonly perClient: number
  readonly perNetwork: number
}

/** Counts how much each client has, so that no client takes more than its share. */
export class Shares {
  readonly #counts = new Map<string, number>()
  #all = 0

  constructor(private readonly limits: ShareLimits) {}

  /**
   * Counts one more for a client (see `clientKey`; null for one without a limit). Returns false,
   * and counts nothing, if that is more than its share.
   */
  take(client: string | null): boolean {
    if (this.lackFor(client) !== null) return false
    this.#add(client, client === null ? null : networkOf(client), 1)
    return true
  }

  /** Returns which limit one more of a client would exceed: its own share, or only the total. */
  lackFor(client: string | null): 'share' | 'total' | null {
    const { all, perClient, perNetwork } = this.limits
    const network = client === null ? null : networkOf(client)
    if (client !== null && this.#of(client) >= perClient) return 'share'
    if (network !== null && this.#of(network) >= perNetwork) return 'share'
    return this.#all >= all ? 'total' : null
  }

  /** Counts one less for a client. */
  give(client: string | null): void {
    this.#add(client, client === null ? null : networkOf(client), -1)
  }

  #of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  #add(client: string | null, network: string | null, change: number): void {
    this.#all += change
    for (const key of [client, network]) {
      if (key === null) continue
      const count = this.#of(key) + change
      if (count > 0) this.#counts.set(key, count)
      else this.#counts.delete(key)
    }
  }
}
