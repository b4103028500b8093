import { parseAddress } from '../protocol/peer-address.js'
import { TrackerRefusal } from '../protocol/refusal.js'
import {
  formatAnnounced,
  formatConnected,
  formatError,
  formatScraped,
  type UdpAnnounce,
  UdpReader,
  type UdpRequest,
  type UdpScrape,
} from '../protocol/udp-packets.js'
import type { ConnectionIds } from '../protocol/connection-ids.js'
import { type AnnounceForm, NOBODY, type TrackerAnswers } from '../answers/tracker-answers.js'

export interface UdpAnswersParts {
  readonly answers: TrackerAnswers
  readonly ids: ConnectionIds
  /** Seconds on a clock that is never set. */
  readonly now: () => number
  /** Receives the kind of each answer. */
  readonly note: (answered: 'connect' | 'announce' | 'scrape' | 'refusal') => void
}

/** As many peers as fit into a packet that is not fragmented on its way. */
const FORM4: AnnounceForm = { wantsIds: false, wantsBothFamilies: false, maxPeers: 200 }
const FORM6: AnnounceForm = { ...FORM4, maxPeers: 70 }

/** Answers packets (BEP 15, BEP 41). */
export class UdpAnswers {
  readonly #reader = new UdpReader()

  constructor(private readonly parts: UdpAnswersParts) {}

  /**
   * The answer to a packet from an address; null for none.
   * Until a client has proved its address by a connection id, no answer is longer than its request.
   */
  answer(packet: Buffer, from: string): Buffer | null {
    const request = this.#reader.read(packet)
    const address = request === null ? null : parseAddress(from)
    if (request === null || address === null) return null
    const { ids, now, note } = this.parts
    if (request.kind === 'connect') {
      note('connect')
      return formatConnected(request, ids.issue(address, now()))
    }
    try {
      if (!ids.accepts(packet, address, now())) {
        throw new TrackerRefusal(400, 'connect again')
      }
      const answer = this.#answerKnown(request, from, address)
      note(request.kind)
      return answer
    } catch (error) {
      return this.#refuse(error, request, packet)
    }
  }

  #refuse(error: unknown, request: KnownRequest, { length }: Buffer): Buffer {
    if (!(error instanceof TrackerRefusal)) throw error
    this.parts.note('refusal')
    return formatError(request, error.message, length)
  }

  #answerKnown(request: KnownRequest, from: string, address: Uint8Array): Buffer {
    return request.kind === 'announce'
      ? this.#announce(request, plainAddress(from), address)
      : this.#scrape(request, plainAddress(from))
  }

  #announce(request: UdpAnnounce, client: string, address: Uint8Array): Buffer {
    const isV6 = client.includes(':')
    const form = isV6 ? FORM6 : FORM4
    const from = { client, address, isOwn: true }
    const { answer, notes } = this.parts.answers.announce(request, from, form)
    return formatAnnounced(request, answer, {
      interval: notes.interval,
      peers: isV6 ? answer.peers6 : answer.peers4,
    })
  }

  #scrape(request: UdpScrape, client: string): Buffer {
    const counts = this.parts.answers.scrape(request.infoHashes, client)
    return formatScraped(
      request,
      counts.map((known) => known ?? NOBODY),
    )
  }
}

/** A request for which a client needs a connection id. */
type KnownRequest = Exclude<UdpRequest, { kind: 'connect' }>

/** An address without the prefix of IPv4 addresses on an IPv6 socket. */
function plainAddress(from: string): string {
  return from.startsWith('::ffff:') && from.includes('.') ? from.slice(7) : from
}
