import type { AccessLists } from '../allowed/access-lists.js'
import { withoutPort } from '../../server/connections/client-address.js'
import { isLocal } from '../../core/remote/address-reach.js'
import { parseAddress } from '../swarms/peer-address.js'
import { isConnectable } from '../swarms/swarm-types.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import type { InfoHash } from '../../metainfo/values.js'
import { infoHashOfBytes } from '../../metainfo/info-hash.js'

/** The tracker's verdict about a torrent. */
export interface TorrentVerdict {
  /** Why the torrent is refused; null if it is tracked. */
  readonly failure: string | null
  /** A warning sent together with peers. */
  readonly warning: string | null
}

/** The verdict about a torrent that is not tracked. */
export const UNKNOWN = {
  failure: 'Requested download is not authorized for use with this tracker.',
  warning: null,
} as const satisfies TorrentVerdict

/** The verdict about a torrent that may still be read. */
export const UNREAD = {
  failure: 'this tracker has just started: ask again soon',
  warning: null,
} as const satisfies TorrentVerdict

/** Origin of an announce. */
export interface AnnounceOrigin {
  /** The client's address; null on a Unix socket. */
  readonly client: string | null
  /** Whether the client sent it directly: see `ClientAddresses.isOwnRequest`. */
  readonly isOwn: boolean
}

/** Limits for answers to announces and scrapes. */
interface AnswerBounds {
  /** Seconds until a peer's next announce. */
  readonly interval: number
  /** The shortest time between two announces of a peer, in seconds. */
  readonly minInterval: number
  /** Number of peers for clients that request no number, and the most for any client. */
  readonly responseSize: number
  readonly maxGive: number
  /** Whether clients may receive peers as dictionaries on request. */
  readonly allowsFullForm: boolean
  /** The scrapes that are answered: none, those that name torrents, or all. */
  readonly scrape: 'none' | 'specific' | 'full'
}

/** The operator's rules. They are consulted for every announce, so they must be fast. */
export interface TrackerRules extends AnswerBounds {
  /** Whether a client may ask at all. Null stands for a client on a Unix socket. */
  readonly permits: (address: string | null) => boolean
  /**
   * The torrents tracked by name, by info hash; empty if all torrents are tracked.
   */
  readonly known: () => ReadonlyMap<InfoHash, TorrentVerdict>
  /**
   * The verdict about a torrent, given its info hash of 20 bytes. Null if there is nothing to say,
   * for example if every torrent is tracked.
   */
  readonly judge: (infoHash: Uint8Array) => TorrentVerdict | null
  /** Whether the tracked torrents, or their saved swarms, are still read for the first time. */
  readonly isStarting: () => boolean
  /** Resolves with whether torrents may have come since: see `DirectoryEvents.settled`. */
  readonly settled: AccessLists['settled']
  /**
   * The address under which a peer is given to others that claims one: that, or its own if its
   * claim is not believed. Null if there is none.
   */
  readonly resolve: (from: AnnounceOrigin, claimed: string) => string | null
}

/** How announces and scrapes are answered, and whose claims are believed. */
export interface AnswerSettings extends AnswerBounds {
  /** The clients whose claimed addresses are believed: only local ones, or all. */
  readonly believes: 'local' | 'all'
}

/** The verdict about a torrent that an operator banned. */
const BANNED = { failure: 'This torrent is banned from this tracker.', warning: null } as const

const NONE: ReadonlyMap<InfoHash, TorrentVerdict> = new Map()

/** Creates the rules for announces from settings, access lists, and the swarms that were saved. */
export function makeRules(
  { believes, ...answers }: AnswerSettings,
  { torrents, addresses, settled }: Pick<AccessLists, 'torrents' | 'addresses' | 'settled'>,
  store: Pick<SwarmStore, 'scrape'>,
): TrackerRules {
  return {
    ...answers,
    settled,
    permits: addresses.permits,
    known: () => (torrents.isOpen ? NONE : torrents.torrents),
    isStarting: () => torrents.isStarting,
    judge: (infoHash) => {
      if (torrents.isOpen && torrents.banned.size === 0) return null
      const hash = infoHashOfBytes(infoHash)
      if (torrents.banned.has(hash)) return BANNED
      if (torrents.isOpen) return null
      const known = torrents.torrents.get(hash)
      if (known) return known
      const { isFed, isStarting } = torrents
      if (!isFed && !isStarting) return UNKNOWN
      // Torrents of the time before a restart are recognized by their saved swarm
      if (store.scrape(infoHash)) return null
      return isStarting ? UNREAD : UNKNOWN
    },
    resolve: ({ client, isOwn }, claimed) => {
      const isBelieved = believes === 'all' || (isOwn && (client === null || isLocal(client)))
      // Some clients add a port
      const address = isBelieved ? withoutPort(claimed) : ''
      return isUsable(address) ? address : client
    },
  }
}

/** Whether other peers can connect to a claimed address. */
function isUsable(claimed: string): boolean {
  const address = parseAddress(claimed)
  return address !== null && isConnectable(address)
}
