import type { AddressRules } from '../allowed/address-rules.js'
import { UNKNOWN, type TorrentVerdict, type TrackerRules } from '../answers/tracker-rules.js'
import type { ClaimedAddresses } from '../protocol/announced-peer.js'
import { isLocal } from '../protocol/local-address.js'
import { parseAddress } from '../protocol/peer-address.js'
import { isConnectable } from '../swarms/address-kinds.js'
import type { AnswerSettings } from './settings.js'

export interface RulesParts {
  readonly settings: AnswerSettings
  readonly torrents: {
    readonly isOpen: boolean
    readonly isFed: boolean
    readonly torrents: ReadonlyMap<string, TorrentVerdict>
  }
  readonly addresses: AddressRules
  readonly look: TrackerRules['look']
  /** Whether there is a swarm of a torrent. */
  readonly hasSwarm: (infoHash: Uint8Array) => boolean
}

const NONE: ReadonlyMap<string, TorrentVerdict> = new Map()

/** What the tracker has decided, as announces ask for it. */
export function makeRules(parts: RulesParts): TrackerRules {
  const { settings, torrents, addresses, look, hasSwarm } = parts
  const { believes, ...answers } = settings
  return {
    ...answers,
    look,
    permits: (address) => addresses.permits(address),
    known: () => (torrents.isOpen ? NONE : torrents.torrents),
    judge: (infoHash) => {
      if (torrents.isOpen) return null
      const { buffer, byteOffset, length } = infoHash
      const hash = Buffer.from(buffer, byteOffset, length).toString('hex')
      const known = torrents.torrents.get(hash)
      if (known) return known
      // Of torrents that were made before a restart it is the swarm that is remembered
      return torrents.isFed && hasSwarm(infoHash) ? null : UNKNOWN
    },
    resolve: ({ client, isOwn }, claimed) => {
      if (claimed === null) return client
      const isBelieved = believes === 'all' || (isOwn && (client === null || isLocal(client)))
      return (isBelieved ? claimedAddress(claimed) : null) ?? client
    },
  }
}

/** The first claim that others can connect to. */
function claimedAddress({ ip, ipv4, ipv6 }: ClaimedAddresses): string | null {
  const isUsable = (claim: string) => {
    const address = parseAddress(claim)
    return address !== null && isConnectable(address)
  }
  return [ip, ipv4, ipv6].find((claim) => claim !== null && isUsable(claim)) ?? null
}
