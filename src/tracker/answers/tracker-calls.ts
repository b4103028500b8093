import type { AnnounceRequest } from '../protocol/announce-query.js'
import { formatTrackerAnswer } from '../protocol/http-answers.js'
import { TrackerRefusal } from '../protocol/refusal.js'
import { isCallProved, proveAnswer } from '../protocol/tracker-proof.js'
import { parseAddress } from '../protocol/peer-address.js'
import { isLoopback } from '../swarms/address-kinds.js'
import type { AnnounceAnswer, Soon } from '../swarms/swarm-store.js'
import type { TrackerAnswers } from './tracker-answers.js'
import type { ServerContext } from '../../server/context.js'

/** How a tracker shares peers with other trackers. */
export interface SharingRules {
  /** The calls that are answered: none, those for torrents with an announce list, or all. */
  readonly allowed: 'none' | 'autodetect' | 'all'
  /** Seconds between two calls for one torrent. */
  readonly interval: number
  /** The most peers that are requested. */
  readonly maxPeers: number
  /** The shared key with which trackers authenticate; null if they need not. */
  readonly key: Uint8Array | null
  /** The peer id of this tracker in its calls, 20 bytes. */
  readonly ownId: Uint8Array
  /** Host and port of the public URL; null if unknown. */
  readonly publicHost: string | null
}

export interface TrackerCallsParts extends Pick<ServerContext, 'now'> {
  readonly answers: TrackerAnswers
  readonly rules: SharingRules
  /** Whether a torrent has an announce list, by its info hash in hexadecimal. */
  readonly isListed: (infoHash: string) => boolean
}

/** Stands for an address that cannot be parsed. */
const NOBODY = new Uint8Array(16)

/** Origin of a call from another tracker. */
export interface CallOrigin {
  /** The caller's address; null on a Unix socket. */
  readonly client: string | null
  /** The `Host` header of the request. */
  readonly host: string
}

/** Answers other trackers that ask for peers, as BitTornado's trackers do with `tracker=1`. */
export class TrackerCalls {
  constructor(private readonly parts: TrackerCallsParts) {}

  /**
   * Returns the bencoded answer. The calling tracker does not become a peer.
   * @throws TrackerRefusal
   */
  answer(announce: AnnounceRequest, { client, host }: CallOrigin): Soon<string> {
    const { answers, rules } = this.parts
    const { infoHash, form } = announce
    answers.require(infoHash, client)
    this.#requireSharing(announce, host)
    const wanted = Math.min(announce.wanted ?? rules.maxPeers, answers.rules.maxPeers)
    const answer = answers.store.choose({
      infoHash,
      wanted,
      wantsIds: form === 'full',
      isLoopback: client === null || isLoopback(parseAddress(client) ?? NOBODY),
    })
    if (!(answer instanceof Promise)) return this.#spell(answer, announce)
    return answer.then((later) => this.#spell(later, announce))
  }

  #spell(answer: AnnounceAnswer, { form, tracker }: AnnounceRequest): string {
    const { rules } = this.parts
    const callProof = tracker?.proof ?? null
    const proof =
      rules.key === null || callProof === null ? null : proveAnswer(rules.key, callProof, answer)
    return formatTrackerAnswer(answer, { interval: rules.interval, form, proof })
  }

  /** @throws TrackerRefusal */
  #requireSharing({ infoHash, peerId, tracker }: AnnounceRequest, host: string): void {
    const { rules, isListed, now } = this.parts
    const isOwn = Buffer.compare(peerId, rules.ownId) === 0
    // At this word BitTornado's trackers stop asking
    if (rules.allowed === 'none' || isOwn) throw new TrackerRefusal(200, 'disallowed')
    if (rules.allowed === 'autodetect' && !isListed(Buffer.from(infoHash).toString('hex'))) {
      const why = 'Requested download is not authorized for multitracker use.'
      throw new TrackerRefusal(200, why)
    }
    const { key, publicHost } = rules
    if (key === null) return
    const proof = { proof: tracker?.proof ?? '', now: now() / 1000 }
    const hosts = publicHost === null ? [host] : [host, publicHost]
    const isProved = hosts.some((each) => {
      return isCallProved(key, { host: each, infoHash, peerId }, proof)
    })
    if (!isProved) throw new TrackerRefusal(200, 'this tracker answers trackers that have its key')
  }
}
