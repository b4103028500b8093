import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import pLimit from 'p-limit'
import {
  announceSeed,
  type Announce,
  type AnnouncedPeers,
  compactPeers,
} from '../trackers/announce.js'
import { answeredWithin, firstAnswer, refused } from '../trackers/swarm-counts.js'
import { isLoopback, Reach, reachOf } from '../../core/remote/address-reach.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { Seeder } from './seeder.js'

/** Announces that wait for the answers of a host, at most. */
const AT_ONCE = 32

/** Milliseconds for a lookup of addresses, and for which they are used. */
const LOOKUP_TIME = 10_000
const KNOWN = 5 * 60_000

/** Receives peers that a tracker names, and how far its own address reaches. */
export type OnPeers = (peers: AnnouncedPeers['peers'], reach: number) => void

/** The tracker in this process. No request, network or limit is between it and the seed. */
export interface TrackerHere {
  readonly url: string
  /** The torrents that it refuses. */
  readonly banned: () => ReadonlySet<InfoHash>
  /** Records the seed at an IP address; a text says why the tracker refuses it. */
  readonly announceOwn: (seed: {
    readonly infoHash: Uint8Array
    readonly peerId: Uint8Array
    readonly address: string
    readonly port: number
    readonly event: 'none' | 'started' | 'stopped'
    readonly wanted: number
  }) => TrackerHereAnswer | string
}

/** Its answer, with peers in compact form (BEP 23, BEP 7). */
interface TrackerHereAnswer {
  readonly answer: { readonly peers4: Uint8Array; readonly peers6: Uint8Array }
  readonly notes: { readonly interval: number; readonly warning: string | null }
}

/** A host of trackers, with its own turns: no other one waits while it does not answer. */
export class TrackerHost {
  readonly #slots = pLimit(AT_ONCE)
  readonly #name: string
  #addresses: readonly LookupAddress[] = []
  /** Where others reach this machine, for the tracker in this process. */
  #own: readonly string[] = []
  #lookAgainAt = -Infinity
  #lookingUp: Promise<void> | null = null

  constructor(
    url: string,
    private readonly seeder: Pick<Seeder, 'families' | 'outerAddresses' | 'port' | 'monotonic'>,
    private readonly here: TrackerHere | null = null,
  ) {
    this.#name = new URL(url).hostname.replace(/^\[|\]$/g, '')
  }

  /** Announces that are begun and not answered, in their turn or not. */
  get waiting(): number {
    return this.#slots.activeCount + this.#slots.pendingCount
  }

  /**
   * Announces in its turn, once over each family that both ends have: peers of one family cannot
   * call the address of another (BEP 7). Returns the first answer.
   * @throws ScrapeFailure
   */
  async announce(announce: Announce, onPeers: OnPeers): Promise<AnnouncedPeers> {
    const { signal, event, address: own } = announce
    if (this.here) {
      // No torrent waits for another one
      if (this.#isDue) await this.#lookUp(signal)
      return this.#tellHere(announce, this.here, onPeers)
    }
    return this.#slots(async () => {
      // After the end, thousands may still wait for their turn
      signal.throwIfAborted()
      if (this.#isDue) await this.#lookUp(signal)
      const reaches = this.#addresses.map(({ address }) => reachOf(address))
      const reach = reaches.length === 0 ? Reach.all : Math.max(...reaches)
      // Peers that know a tracker of this network are in it, too
      const port = reach === Reach.all ? announce.port : this.seeder.port
      // A tracker sends nobody else to the loopback address that it would see
      const isHere = own === null && !isLoopback(this.#name) && reach === Reach.machine
      const claimed = isHere ? this.seeder.outerAddresses : [own ?? '']
      const families = this.#families()
      const asked = (families.length > 0 ? families : [undefined]).map(async (family) => {
        // An address of the other family would replace the one that the tracker sees
        const ofFamily = claimed.find((each) => isIP(each) === family) ?? null
        const address = isHere || families.length > 1 ? ofFamily : own
        const answer = await announceSeed({ ...announce, family, address, port })
        onPeers(answer.peers, reach)
        return answer
      })
      if (event === 'stopped') await Promise.allSettled(asked)
      return firstAnswer(asked)
    })
  }

  /** Tells the tracker of this process where others reach the seed. */
  #tellHere(announce: Announce, here: TrackerHere, onPeers: OnPeers): AnnouncedPeers {
    const answers = this.#own.map((address) => {
      const answer = here.announceOwn({
        infoHash: Buffer.from(announce.infoHash, 'hex'),
        peerId: Buffer.from(announce.peerId, 'hex'),
        address,
        port: announce.port,
        event: announce.event ?? 'none',
        wanted: announce.wanted,
      })
      if (typeof answer === 'string') throw refused(Buffer.from(answer))
      return answer
    })
    const peers = answers.flatMap(({ answer }) => {
      return [...compactPeers(answer.peers4, 4), ...compactPeers(answer.peers6, 16)]
    })
    onPeers(peers, Reach.machine)
    const { interval = 0, warning = null } = answers[0]?.notes ?? {}
    return { interval, warning, trackerId: null, peers }
  }

  /**
   * The address of each family that reaches farthest: one of this machine, or else one by which the
   * name of the tracker leads here, as through a router.
   */
  #addressesForOthers(): string[] {
    const named = this.#addresses.map(({ address }) => address)
    const known = [...this.seeder.outerAddresses, ...named]
      .filter((address) => reachOf(address) >= Reach.privateNetwork)
      .toSorted((a, b) => reachOf(b) - reachOf(a))
    const ofName = this.#families()
    const families = ofName.length > 0 ? ofName : this.seeder.families
    const found = families.flatMap((family) => {
      return known.find((address) => isIP(address) === family) ?? []
    })
    if (found.length > 0) return found
    return [families.includes(4) ? '127.0.0.1' : '::1']
  }

  /** The families of addresses that both ends have. */
  #families(): (4 | 6)[] {
    return this.seeder.families.filter((each) => {
      return this.#addresses.some(({ family }) => family === each)
    })
  }

  get #isDue(): boolean {
    return this.seeder.monotonic() >= this.#lookAgainAt
  }

  /** Looks up the addresses, once for all announces that wait for them. */
  #lookUp(signal: AbortSignal): Promise<void> {
    this.#lookingUp ??= this.#askSystem(signal).finally(() => {
      this.#lookingUp = null
    })
    return this.#lookingUp
  }

  /** Without addresses the announce itself says why there are none. */
  async #askSystem(signal: AbortSignal): Promise<void> {
    const now = this.seeder.monotonic()
    const limits = { timeoutMs: LOOKUP_TIME, signal }
    try {
      this.#addresses = await answeredWithin(limits, () => lookup(this.#name, { all: true }))
      this.#lookAgainAt = now + KNOWN
    } catch {
      // The last ones may still be right
      this.#lookAgainAt = now + LOOKUP_TIME
    }
    // To ask the system takes ten times as long as to announce
    if (this.here) this.#own = this.#addressesForOthers()
  }
}
