import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import pLimit from 'p-limit'
import { announceSeed, type Announce, type AnnouncedPeers } from '../clients/scrape/announce.js'
import { answeredWithin, firstAnswer } from '../clients/scrape/swarm-counts.js'
import { Reach, reachOf } from '../server/connections/address-reach.js'

/** Announces that wait for the answers of a host, at most. */
const AT_ONCE = 8

/** Milliseconds for a lookup of addresses, and for which they are used. */
const LOOKUP_TIME = 10_000
const KNOWN = 5 * 60_000

/** Receives peers that a tracker names, and how far its own address reaches. */
export type OnPeers = (peers: AnnouncedPeers['peers'], reach: number) => void

/** A host of trackers, with its own turns: no other one waits while it does not answer. */
export class TrackerHost {
  readonly #slots = pLimit(AT_ONCE)
  readonly #name: string
  #addresses: readonly LookupAddress[]
  #lookAgainAt = -Infinity

  /** `families` are those that the seed listens on. */
  constructor(
    url: string,
    private readonly families: readonly number[],
    private readonly monotonic: () => number,
  ) {
    this.#name = new URL(url).hostname.replace(/^\[|\]$/g, '')
    const family = isIP(this.#name)
    this.#addresses = family === 0 ? [] : [{ address: this.#name, family }]
    if (family > 0) this.#lookAgainAt = Infinity
  }

  /** Whether an announce would wait for others. */
  get isFull(): boolean {
    return this.#slots.activeCount >= AT_ONCE
  }

  /**
   * Announces in its turn, once over each family that both ends have: peers of one family cannot call
   * the address of another (BEP 7). Returns the first answer.
   * @throws ScrapeFailure
   */
  announce(announce: Announce, onPeers: OnPeers): Promise<AnnouncedPeers> {
    return this.#slots(async () => {
      const { signal, event, address: own } = announce
      const isEnd = event === 'stopped'
      // At the end there is no time for lookups
      if (!isEnd || this.#addresses.length === 0) await this.#lookUp(signal)
      const all = this.#addresses
      const reaches = all.map(({ address }) => reachOf(address))
      const reach = all.length === 0 ? Reach.all : Math.max(...reaches)
      const both = this.families.map((family) => all.filter((each) => each.family === family))
      const known = both.filter(({ length }) => length > 0)
      const asked = (known.length > 0 ? known : [all]).map(async (addresses, _n, { length }) => {
        const isOwn = own === null || length === 1 || isIP(own) === addresses[0]?.family
        const answer = await announceSeed({ ...announce, addresses, address: isOwn ? own : null })
        onPeers(answer.peers, reach)
        return answer
      })
      if (isEnd) await Promise.allSettled(asked)
      return firstAnswer(asked)
    })
  }

  /** Without addresses the announce says why it cannot have them. */
  async #lookUp(signal: AbortSignal): Promise<void> {
    const now = this.monotonic()
    if (now < this.#lookAgainAt) return
    const limits = { timeoutMs: LOOKUP_TIME, signal }
    try {
      this.#addresses = await answeredWithin(limits, () => lookup(this.#name, { all: true }))
      this.#lookAgainAt = now + KNOWN
    } catch {
      this.#addresses = []
    }
  }
}
