import type { AddressRules } from '../allowed/address-rules.js'
import { type TorrentVerdict, type TrackerRules, UNKNOWN } from '../answers/tracker-rules.js'
import type { AnswerSettings } from './settings.js'
import type { ClaimedAddresses } from '../protocol/announced-peer.js'
import { isLocal } from '../protocol/local-address.js'
import { parseAddress } from '../protocol/peer-address.js'
import { isConnectable } from '../swarms/swarm-types.js'

export interface RulesParts {
  readonly settings: AnswerSettings
  readonly torrents: {
    readonly isOpen: boolean
    readonly isFed: boolean
    readonly banned: ReadonlySet<string>
    readonly torrents: ReadonlyMap<string, TorrentVerdict>
  }
  readonly addresses: AddressRules
  /** Whether a torrent has a swarm. */
  readonly hasSwarm: (infoHash: Uint8Array) => boolean
}

/** The verdict about a torrent that an operator banned. */
const BANNED = { failure: 'This torrent is banned from this tracker.', warning: null } as const

const NONE: ReadonlyMap<string, TorrentVerdict> = new Map()

/** Creates the rules for announces from settings and access lists. */
export function makeRules(parts: RulesParts): TrackerRules {
  const { settings, torrents, addresses, hasSwarm } = parts
  const { believes, ...answers } = settings
  return {
    ...answers,
    permits: (address) => addresses.permits(address),
    known: () => (torrents.isOpen ? NONE : torrents.torrents),
    judge: (infoHash) => {
      if (torrents.isOpen && torrents.banned.size === 0) return null
      const { buffer, byteOffset, length } = infoHash
      const hash = Buffer.from(buffer, byteOffset, length).toString('hex')
      if (torrents.banned.has(hash)) return BANNED
      if (torrents.isOpen) return null
      const known = torrents.torrents.get(hash)
      if (known) return known
      // Torrents added before a restart are recognized by their saved swarm
      return torrents.isFed && hasSwarm(infoHash) ? null : UNKNOWN
    },
    resolve: ({ client, isOwn }, claimed) => {
      if (claimed === null) return client
      const isBelieved = believes === 'all' || (isOwn && (client === null || isLocal(client)))
      return (isBelieved ? claimedAddress(claimed) : null) ?? client
    },
  }
}

/** The first claimed address that other peers can connect to. */
function claimedAddress({ ip, ipv4, ipv6 }: ClaimedAddresses): string | null {
  const isUsable = (claim: string) => {
    const address = parseAddress(claim)
    return address !== null && isConnectable(address)
  }
  return [ip, ipv4, ipv6].find((claim) => claim !== null && isUsable(claim)) ?? null
}
