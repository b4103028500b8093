import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import pLimit from 'p-limit'
import { announceSeed, type Announce, type AnnouncedPeers } from '../trackers/announce.js'
import { answeredWithin, firstAnswer } from '../trackers/swarm-counts.js'
import { isLoopback, Reach, reachOf } from '../../core/remote/address-reach.js'
import type { Seeder } from './seeder.js'

/** Announces that wait for the answers of a host, at most. */
const AT_ONCE = 32

/** Milliseconds for a lookup of addresses, and for which they are used. */
const LOOKUP_TIME = 10_000
const KNOWN = 5 * 60_000

/** Receives peers that a tracker names, and how far its own address reaches. */
export type OnPeers = (peers: AnnouncedPeers['peers'], reach: number) => void

/** A host of trackers, with its own turns: no other one waits while it does not answer. */
export class TrackerHost {
  readonly #slots = pLimit(AT_ONCE)
  readonly #name: string
  #addresses: readonly LookupAddress[] = []
  #lookAgainAt = -Infinity

  constructor(
    url: string,
    private readonly seeder: Pick<Seeder, 'families' | 'outerAddresses' | 'monotonic'>,
  ) {
    this.#name = new URL(url).hostname.replace(/^\[|\]$/g, '')
  }

  /** Announces that are begun and not answered, in their turn or not. */
  get waiting(): number {
    return this.#slots.activeCount + this.#slots.pendingCount
  }

  /**
   * Announces in its turn, once over each family that both ends have: peers of one family cannot call
   * the address of another (BEP 7). Returns the first answer.
   * @throws ScrapeFailure
   */
  announce(announce: Announce, onPeers: OnPeers): Promise<AnnouncedPeers> {
    return this.#slots(async () => {
      const { signal, event, address: own } = announce
      // After the end, thousands may still wait for their turn
      signal.throwIfAborted()
      await this.#lookUp(signal)
      const reaches = this.#addresses.map(({ address }) => reachOf(address))
      const reach = reaches.length === 0 ? Reach.all : Math.max(...reaches)
      // A tracker sends nobody else to the loopback address that it would see
      const isHere = own === null && !isLoopback(this.#name) && reach === Reach.machine
      const claimed = isHere ? this.seeder.outerAddresses : [own ?? '']
      const families = this.seeder.families.filter((each) => {
        return this.#addresses.some(({ family }) => family === each)
      })
      const asked = (families.length > 0 ? families : [undefined]).map(async (family) => {
        // An address of the other family would replace the one that the tracker sees
        const ofFamily = claimed.find((each) => isIP(each) === family) ?? null
        const address = isHere || families.length > 1 ? ofFamily : own
        const answer = await announceSeed({ ...announce, family, address })
        onPeers(answer.peers, reach)
        return answer
      })
      if (event === 'stopped') await Promise.allSettled(asked)
      return firstAnswer(asked)
    })
  }

  /** Without addresses the announce itself says why there are none. */
  async #lookUp(signal: AbortSignal): Promise<void> {
    const now = this.seeder.monotonic()
    if (now < this.#lookAgainAt) return
    const limits = { timeoutMs: LOOKUP_TIME, signal }
    try {
      this.#addresses = await answeredWithin(limits, () => lookup(this.#name, { all: true }))
      this.#lookAgainAt = now + KNOWN
    } catch {
      // The last ones may still be right
    }
  }
}
